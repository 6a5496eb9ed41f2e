"""Rows of sources: those that were accepted become rejected ones without a text, and the counts follow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import duckdb
import polars as pl
from sqlglot import exp

from models.forgetting.traces import Traces
from models.sources.forgotten import REASON, UNREADABLE
from pat_dagster import tables
from pat_dagster.forgetting.rows import ROW, address
from pat_dagster.forgetting.subject import Row, Subject
from pat_dagster.sql_files import DIALECT


@dataclass(frozen=True)
class Intake:
    """Three tables that account for the rows of files."""

    accepted: str
    rejected: str
    files: str
    key: tuple[str, ...]  # columns that tell to which row of `files` an accepted row belongs
    version: str  # column of `files`: with another value the file is read again
    stale: object
    keeps_versions: bool  # whether accepted rows of older versions of a file stay; rejected ones do not


REVIEWS: Final = Intake(
    "raw.reviews", "raw.rejected_rows", "raw.source_files", ("dataset", "source_file"), "read_as", "", False
)
REQUESTS: Final = Intake(
    "raw.requests",
    "raw.rejected_requests",
    "raw.request_files",
    ("dataset", "source_file", "ingest_order"),
    "reader_version",
    0,
    True,
)
INTAKES: Final = (REVIEWS, REQUESTS)


def mentions(con: duckdb.DuckDBPyConnection, names: Sequence[str], traces: Traces | None = None) -> list[Row]:
    """Rejected rows whose record or reason names somebody, with or without dataset, or holds a trace."""
    found = []
    for intake in INTAKES:
        rows = _mentioning(con, intake, names, traces or Traces((), ()))
        found += [Row(*row) for row in rows.select("dataset", "source_file", "source_row").iter_rows()]
    return found


def reject(con: duckdb.DuckDBPyConnection, subject: Subject) -> dict[str, int]:
    """Make every row of the users a rejected one of which nothing is kept; inside a transaction.

    Files that held one count as unread: what else is theirs in them, repetitions and rows that were rejected
    for other reasons, is told apart when they are read next. Returns rows changed by table.
    """
    changed: dict[str, int] = {}
    for intake in INTAKES:
        if not tables.column_types(con, intake.accepted):
            continue
        mentioning = _mentioning(con, intake, subject.user_ids, subject.traces)
        _empty(con, intake, mentioning[ROW])
        theirs = exp.column("user_id").isin(*subject.user_ids)
        gone = con.sql(
            exp.select("*").from_(address(intake.accepted)).where(theirs).sql(dialect=DIALECT)
        ).pl()
        con.execute(exp.delete(address(intake.accepted)).where(theirs).sql(dialect=DIALECT))
        if gone.height:
            places = _newest(con, intake, gone).select("dataset", "source_file", "source_row")
            empty = places.with_columns(reason=pl.lit(REASON), record=pl.lit(""))
            tables.append(con, intake.rejected, empty)
            _recount(con, intake, gone)
        counts = (gone.height, gone.height + mentioning.height, gone.height)
        changed |= dict(zip((intake.accepted, intake.rejected, intake.files), counts, strict=True))
    return changed


def _mentioning(
    con: duckdb.DuckDBPyConnection, intake: Intake, names: Sequence[str], traces: Traces
) -> pl.DataFrame:
    if not tables.column_types(con, intake.rejected):
        return pl.DataFrame(schema=dict.fromkeys(["dataset", "source_file", "source_row", ROW], pl.String))
    rows = con.sql(exp.select(ROW, "*").from_(address(intake.rejected)).sql(dialect=DIALECT)).pl()
    rows = rows.filter(pl.col("reason").is_in([REASON, UNREADABLE]).not_())
    keep = [
        any(_named(f"{reason}\n{record}", name, dataset) for name in names)
        for dataset, reason, record in rows.select("dataset", "reason", "record").iter_rows()
    ]
    told = traces.found(rows["record"]) | traces.found(rows["reason"])
    return rows.filter(pl.Series(keep, dtype=pl.Boolean) | told)


def _named(text: str, name: str, dataset: str) -> bool:
    """Whether an id stands in a record as a word; as sources spell it, without the dataset."""
    bare = name.removeprefix(f"{dataset}:")
    return bare in text and re.search(rf"(?<!\w){re.escape(bare)}(?!\w)", text) is not None


def _empty(con: duckdb.DuckDBPyConnection, intake: Intake, rows: pl.Series) -> None:
    if not len(rows):
        return
    con.register("rows_to_empty", rows.alias(ROW).to_frame())
    update = exp.update(
        address(intake.rejected),
        {"record": "", "reason": REASON},
        where=exp.column(ROW).isin(query=exp.select(ROW).from_("rows_to_empty")),
    )
    con.execute(update.sql(dialect=DIALECT))
    con.unregister("rows_to_empty")


def _newest(con: duckdb.DuckDBPyConnection, intake: Intake, gone: pl.DataFrame) -> pl.DataFrame:
    """Rows of the newest version of their file."""
    if not intake.keeps_versions or not gone.height:
        return gone
    last = tables.read(con, intake.files).group_by("dataset", "source_file").agg(pl.col("ingest_order").max())
    return gone.join(last, on=["dataset", "source_file", "ingest_order"], how="semi")


def _recount(con: duckdb.DuckDBPyConnection, intake: Intake, gone: pl.DataFrame) -> None:
    for key, rows in _groups(gone, intake.key):
        counts = {
            "rows_accepted": exp.column("rows_accepted") - rows,
            "rows_rejected": exp.column("rows_rejected") + rows,
            intake.version: intake.stale,
        }
        where = exp.and_(*(exp.column(name).eq(exp.convert(value)) for name, value in key.items()))
        update = exp.update(address(intake.files), counts, where=where)
        con.execute(update.sql(dialect=DIALECT))


def _groups(gone: pl.DataFrame, key: Sequence[str]) -> Iterator[tuple[dict[str, object], int]]:
    counted = gone.group_by(*key).agg(pl.len().alias("n")).sort(*key)
    for row in counted.iter_rows(named=True):
        yield {name: row[name] for name in key}, row["n"]
