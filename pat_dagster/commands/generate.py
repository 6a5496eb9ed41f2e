"""`pat generate`: a text for somebody, now; or answers to a file of requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import duckdb
import polars as pl
import typer

from models.errors import InputError
from models.printable import json_line
from models.recipes import TASKS
from models.sources.records import Candidate
from pat_dagster import home as home_folder
from pat_dagster import tables
from pat_dagster.commands.options import Home, settings_of
from pat_dagster.console import say, text_table
from pat_dagster.resources.warehouse import open_database
from pat_dagster.settings import Settings

USERS: Final = "staging.users"
LISTED: Final = 10  # answers of a file that are shown; all of them are in the table
CHARACTERS: Final = 60  # of an answer in that list


def generate(
    user: Annotated[
        str | None, typer.Option("--user", metavar="ID", help="For whom; one who never wrote is welcome.")
    ] = None,
    topic: Annotated[
        str | None, typer.Option("--topic", metavar="ID", help="About what; a new one is welcome.")
    ] = None,
    input: Annotated[
        str | None,
        typer.Option("--input", metavar="TEXT", help="The title (long), or the text (short, rating)."),
    ] = None,
    task: Annotated[
        str,
        typer.Option("--task", metavar="TASK", help="long: a text from its title; short: a title; rating."),
    ] = TASKS[0],
    file: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Many: JSON lines, CSV or Parquet with user, topic, input and, if any, task, requested_at.",
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE", help="Write the answers there too, one JSON object a line."),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset", metavar="NAME", help="Whose reviews are read.", show_default="the only one"
        ),
    ] = None,
    home: Home = None,
) -> None:
    """Write a text for a user about a topic, with the policies in use, and keep it with its evidence.

    Nobody has to be known: style then comes from the graph and the input, facts from the nearest topics. The
    same question is answered once and looked up afterwards. Answers are in mart.personalized_texts, with what
    stands behind them in context.request_reviews. What lands in a folder of settings.yaml is the night's.

    Examples:

      pat generate --user u42 --topic hotel-7 --input "A quiet place"

      pat generate --task short --user u42 --topic hotel-7 --input "Quiet rooms, slow lift, friendly people."

      pat generate --from requests.csv --to answers.jsonl
    """
    asked = _asked(file, user, topic, task, input)
    if to is not None and not to.expanduser().absolute().parent.is_dir():
        raise InputError("its folder is not there", file=to, remedy="create it, or name another file --to")
    settings = settings_of(home)
    if not settings.warehouse_path.exists():
        raise InputError("no reviews here yet", file=settings.home, remedy="`pat run` first, or give --home")
    home_folder.prepare(settings)
    with open_database(settings.warehouse_path) as con:
        name = _dataset(con, dataset)
        ids, open_ids = _take_in(con, settings, name, asked)
    if open_ids:
        _answer(open_ids)
    answers = _answers(settings, ids)
    if to is not None:
        lines = (json_line(row) + "\n" for row in answers.iter_rows(named=True))
        to.expanduser().write_text("".join(lines), encoding="utf-8")
    _show(answers, answers.height - len(open_ids), isinstance(asked, Path))


def _asked(
    file: Path | None, user: str | None, topic: str | None, task: str, text: str | None
) -> Path | Candidate:
    """The file, or the one request; InputError when it is neither or both."""
    one = {"--user": user, "--topic": topic, "--input": text}
    given = [name for name, value in one.items() if value is not None]
    if file is not None:
        if given:
            raise InputError(
                f"{', '.join(given)} beside --from", remedy="say it in the file, or leave --from out"
            )
        return file
    if missing := [name for name in one if name not in given]:
        raise InputError(
            f"{' and '.join(missing)} missing",
            remedy="a request needs --user, --topic and --input; a file of them --from",
        )
    return Candidate(1, one, user=user, topic=topic, text=text, task=task)


def _dataset(con: duckdb.DuckDBPyConnection, named: str | None) -> str:
    """The dataset named, or the only one here; InputError says which there are."""
    if not tables.column_types(con, USERS):
        raise InputError("no reviews were read here", remedy="`pat run` first")
    known = con.table(USERS).select("dataset").pl()["dataset"].unique().sort().to_list()
    if named is None and len(known) == 1:
        return str(known[0])
    if named is None or named not in known:
        what = "this home has several datasets" if named is None else f"no dataset {named}"
        raise InputError(what, remedy=f"--dataset {' or '.join(known)}")
    return named


def _take_in(
    con: duckdb.DuckDBPyConnection, settings: Settings, dataset: str, asked: Path | Candidate
) -> tuple[list[str], list[str]]:
    """(request ids in the order asked, those not answered yet)."""
    from pat_dagster.answering import ANSWERS
    from pat_dagster.forgetting.registry import forgotten_users
    from pat_dagster.request_intake import asked_in, take_file, take_typed

    forgotten = forgotten_users(con, settings)
    if isinstance(asked, Path):
        say(str(take_file(con, dataset, asked, forgotten, is_strict=True)))
        ids = asked_in(dataset, asked, forgotten)
    else:
        ids = [take_typed(con, dataset, asked, forgotten)]
    tables.ensure_table(con, ANSWERS)
    answered = set(con.table(ANSWERS).select("request_id").pl()["request_id"])
    return ids, [one for one in ids if one not in answered]


def _answer(requests: Sequence[str]) -> None:
    from pat_dagster.jobs import GENERATE_JOB
    from pat_dagster.runner import run_job

    config: Mapping[str, Any] = {
        "raw_requests": {"config": {"folders": False}},
        "request__answers": {"config": {"requests": list(requests)}},
    }
    run_job(GENERATE_JOB, None, {"ops": config})


def _answers(settings: Settings, ids: Sequence[str]) -> pl.DataFrame:
    """What is published of these requests, in their order."""
    with open_database(settings.warehouse_path, read_only=True) as con:
        rows = tables.read(con, "request.answers")
        shown = tables.read(con, "context.request_reviews")
    behind = shown.group_by("request_id").agg(
        n_style=(pl.col("agent") == "style").sum(),
        n_topic=(pl.col("source") == "exact").sum(),
        n_near=(pl.col("source") == "backoff").sum(),
    )
    order = pl.DataFrame({"request_id": ids}, schema={"request_id": pl.String})
    counts = pl.col("n_style", "n_topic", "n_near").fill_null(0)
    both = order.join(rows, on="request_id", maintain_order="left")
    return both.join(behind, on="request_id", how="left", maintain_order="left").with_columns(counts)


def _show(answers: pl.DataFrame, known: int, from_file: bool) -> None:
    """known: how many had been answered before."""
    if not from_file:
        _show_one(answers.row(0, named=True), was_known=known > 0)
        return
    say(f"\n{answers.height:,} requests are answered, {known:,} of them were before")
    columns = ["request_id", "user_id", "topic_id", "task", "text"]
    say(text_table(columns, answers.select(columns).head(LISTED).rows(), CHARACTERS))
    if answers.height > LISTED:
        say(f"... and {answers.height - LISTED:,} more")
    say("\npat sql \"from mart.personalized_texts where source = 'request'\"")


def _show_one(row: Mapping[str, Any], *, was_known: bool) -> None:
    before = "   answered before, nothing written anew" if was_known else ""
    policies = [row[f"{agent}_policy_id"] for agent in ("style", "topic")]
    say(f"\n{row['request_id']}   iteration {row['iteration']}{before}")
    say(f"policies {', '.join(name for name in policies if name)}")
    say(
        f"evidence {row['history_size']} own reviews; {row['n_style']} by people expected to write alike; "
        f"{row['n_topic']} about the topic, {row['n_near']} about near ones"
    )
    say(f"\n{row['text']}\n")
    say(f"pat explain {row['request_id']}")
