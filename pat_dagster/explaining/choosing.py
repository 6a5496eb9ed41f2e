"""Which text is meant: an id, an arm and an iteration, or what is near to what was typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import duckdb
from rapidfuzz import process

from models.errors import InputError
from pat_dagster import tables
from pat_dagster.explaining.queries import Wanted

PREDICTIONS, ANSWERS = "evaluation.predictions", "request.answers"
USUAL_ARM: Final = "pat"
NEAREST: Final = 3  # ids shown for one that is unknown


def choose_text(
    con: duckdb.DuckDBPyConnection, text_id: str, arm: str | None, iteration: str | None, pairs: int
) -> Wanted:
    """The text that is meant; InputError says what is near where there is none.

    arm: None is `pat`, or the only arm there is. iteration: None is the newest in which the arm wrote it.
    """
    written = _written(con, text_id)
    if written:
        return _of_example(written, text_id, arm, iteration, pairs)
    answered = _answered(con, text_id)
    if answered is None:
        raise _unknown(con, text_id)
    if arm not in (None, USUAL_ARM) or iteration not in (None, answered):
        raise InputError(
            f"request {text_id} was answered once, by arm {USUAL_ARM} in iteration {answered}",
            remedy="leave --arm and --iteration out",
        )
    return Wanted("request", answered, USUAL_ARM, text_id, pairs)


def _of_example(
    written: Sequence[tuple[str, str]], text_id: str, arm: str | None, iteration: str | None, pairs: int
) -> Wanted:
    """written: (iteration, arm) of every text of the example."""
    arms = sorted({name for _, name in written})
    wanted = arm or (USUAL_ARM if USUAL_ARM in arms or len(arms) > 1 else arms[0])
    if wanted not in arms:
        raise InputError(
            f"no text by arm {wanted} for {text_id}", remedy=f"--arm with one of: {', '.join(arms)}"
        )
    iterations = sorted(key for key, name in written if name == wanted)
    key = iteration or iterations[-1]
    if key not in iterations:
        raise InputError(
            f"arm {wanted} wrote no text for {text_id} in iteration {key}",
            remedy=f"--iteration with one of: {', '.join(iterations)}",
        )
    return Wanted("evaluation", key, wanted, text_id, pairs)


def _written(con: duckdb.DuckDBPyConnection, text_id: str) -> list[tuple[str, str]]:
    if not _there(con, PREDICTIONS):
        return []
    query = "select iteration, arm from evaluation.predictions where example_id = ?"
    return con.execute(query, [text_id]).fetchall()


def _answered(con: duckdb.DuckDBPyConnection, text_id: str) -> str | None:
    if not _there(con, ANSWERS):
        return None
    found = con.execute("select iteration from request.answers where request_id = ?", [text_id]).fetchone()
    return str(found[0]) if found else None


def _unknown(con: duckdb.DuckDBPyConnection, text_id: str) -> InputError:
    if _there(con, "feature.examples"):
        query = "select split, is_selected from feature.examples where example_id = ?"
        found = con.execute(query, [text_id]).fetchone()
        if found is not None:
            chosen = "" if found[1] else ", and not among those that the recipe selects"
            return InputError(
                f"{text_id} is an example of split {found[0]}{chosen}: no arm wrote a text for it",
                remedy="`pat explain` lists texts there are; rollout.drafts and rollout.summaries hold what "
                "train examples led to",
            )
    ids = [str(name) for table, column in _ids(con) for (name,) in _distinct(con, table, column)]
    near = [name for name, _, _ in process.extract(text_id, ids, limit=NEAREST)]
    remedy = f"the nearest: {', '.join(near)}" if near else "`pat run` or `pat evaluate` writes texts"
    return InputError(f"no text and no answered request is called {text_id}", remedy=remedy)


def _ids(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    known = [(PREDICTIONS, "example_id"), (ANSWERS, "request_id")]
    return [(table, column) for table, column in known if _there(con, table)]


def _distinct(con: duckdb.DuckDBPyConnection, table: str, column: str) -> list[tuple[str]]:
    return con.table(table).select(column).distinct().order(column).fetchall()


def _there(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    return bool(tables.column_types(con, table))
