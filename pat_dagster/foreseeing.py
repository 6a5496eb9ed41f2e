"""What a night would do now, without doing it: `pat nightly --dry-run`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import duckdb

from models.errors import InputError
from models.sources import SourceSpec, read_source, registry
from models.sources.requests import RequestFile
from pat_dagster import landing, tables
from pat_dagster.nights import Standing, Step, next_step
from pat_dagster.operations import Folder, Operations, load_operations
from pat_dagster.request_intake import FILES as REQUEST_FILES
from pat_dagster.settings import Settings

SOURCE_FILES = "raw.source_files"
News = Literal["new", "changed", "unchanged", "gone", "left out"]
READ: tuple[News, ...] = ("new", "changed", "gone")  # what a night takes up


@dataclass(frozen=True)
class Foreseen:
    """A file, and what a night would do with it; problem: why it would leave it out."""

    what: Literal["reviews", "requests"]
    file: str
    news: News
    problem: str = ""


def look(settings: Settings, con: duckdb.DuckDBPyConnection | None) -> list[Foreseen]:
    """Every source of reviews and every file of requests, as they are now; con: None without a warehouse.

    Reads each file to know whether its bytes are those that were read last.
    """
    operations = load_operations(settings.operations_path)
    return [*_reviews(settings, operations, con), *_requests(operations, con)]


def foresee(files: Iterable[Foreseen], standing: Standing) -> list[str]:
    """The night in sentences: what is read, what is left out, what follows."""
    files = list(files)
    lines = [_counts("reviews", files), _counts("requests", files)]
    lines += [f"  {one.news}: {one.file}{f' ({one.problem})' if one.problem else ''}" for one in _told(files)]
    return [*(line for line in lines if line), *_steps(files, standing)]


def _steps(files: Sequence[Foreseen], standing: Standing) -> list[str]:
    step = next_step(standing)
    now = f"then {_name(step)}: {step.reason}" if step.job else ""
    if not any(one.news in READ for one in files):
        return [now or "then nothing: no table would change, and readers keep the file they have"]
    later = []
    if any(one.what == "reviews" and one.news in READ for one in files):
        later.append(
            now
            or "then, if reviews change by that, the next iteration: rollout, training where its pairs are "
            "worth it, evaluation, publishing"
        )
    if any(one.what == "requests" and one.news in READ for one in files):
        later.append("then an answer to each new request, published")
    return later


def _name(step: Step) -> str:
    return f"{step.job} {step.iteration}" if step.iteration else str(step.job)


def _told(files: Iterable[Foreseen]) -> list[Foreseen]:
    return [one for one in files if one.news != "unchanged"]


def _counts(what: str, files: Iterable[Foreseen]) -> str:
    counts = Counter(one.news for one in files if one.what == what)
    kinds: tuple[News, ...] = ("new", "changed", "gone", "unchanged", "left out")
    parts = [f"{counts[kind]:,} {kind}" for kind in kinds if counts[kind]]
    return f"files of {what}: {', '.join(parts)}" if parts else ""


def _landed(place: Folder) -> list[landing.Landed]:
    return landing.look(place, settle_seconds=0, wait=None)  # a night would wait for the young ones


def _news(known: object, now: object) -> News:
    if known is None:
        return "new"
    return "unchanged" if known == now else "changed"


def _reviews(
    settings: Settings, operations: Operations, con: duckdb.DuckDBPyConnection | None
) -> list[Foreseen]:
    known: dict[tuple[str, str], tuple[Any, ...]] = {
        (row["source_file"], row["dataset"]): (row["format"], row["read_as"], row["sha256"])
        for row in _rows(con, SOURCE_FILES)
    }
    plan = landing.plan(operations.reviews, registry.load(settings.sources_path), known, _landed)
    found = [_review(spec, known.get((spec.path, spec.dataset))) for spec in plan.specs]
    left = [Foreseen("reviews", one.source_file, "left out", one.problem or "") for one in plan.states]
    stays = {(spec.path, spec.dataset) for spec in plan.specs} | plan.keep
    gone = [Foreseen("reviews", path, "gone") for path, _ in sorted(known.keys() - stays)]
    return [*found, *left, *gone]


def _review(spec: SourceSpec, known: tuple[Any, ...] | None) -> Foreseen:
    try:
        reader = read_source(spec)
        return Foreseen("reviews", spec.path, _news(known, (reader.format, reader.how, reader.sha256)))
    except InputError as error:
        return Foreseen("reviews", spec.path, "left out", error.reason)


def _requests(operations: Operations, con: duckdb.DuckDBPyConnection | None) -> list[Foreseen]:
    rows = sorted(_rows(con, REQUEST_FILES), key=lambda row: int(row["ingest_order"]))
    known = {(row["source_file"], row["dataset"]): str(row["sha256"]) for row in rows}
    found = []
    for place in operations.requests:
        try:
            landed = _landed(place)
        except InputError as error:
            found.append(Foreseen("requests", str(place.folder), "left out", error.reason))
            continue
        found += [_request(one, known.get((str(one.path), place.dataset))) for one in landed]
    return found


def _request(one: landing.Landed, known: str | None) -> Foreseen:
    name = landing.printable(one.path)
    if one.problem:
        return Foreseen("requests", name, "left out", one.problem)
    try:
        return Foreseen("requests", name, _news(known, RequestFile.open(name).sha256))
    except InputError as error:
        return Foreseen("requests", name, "left out", error.reason)


def _rows(con: duckdb.DuckDBPyConnection | None, table: str) -> list[dict[str, Any]]:
    if con is None or not tables.column_types(con, table):
        return []
    return tables.read(con, table).to_dicts()
