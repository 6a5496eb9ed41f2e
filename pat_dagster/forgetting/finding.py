"""From names to a `Subject`: their reviews and texts, what was made of them, who read it, what learned it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import duckdb
import polars as pl
from sqlglot import exp

from models.errors import InputError
from models.forgetting.traces import Traces, pieces_of
from models.sources.forgotten import Forgotten
from pat_dagster import tables
from pat_dagster.forgetting.rejected import mentions
from pat_dagster.forgetting.roles import ASKED, OWN_WORDS, OWNED, REVIEWS
from pat_dagster.forgetting.rows import address, table_names, textual_columns, told_about
from pat_dagster.forgetting.subject import Row, Subject
from pat_dagster.sql_files import DIALECT

USER, DONOR = "user_id", "donor_id"
TARGETS: Final = ("example_id", "request_id")  # for whom a text was written; a source is not told anything
NEAREST: Final = 5
LIKENESS: Final = 50  # of 100, where half of the letters agree


def resolve(
    con: duckdb.DuckDBPyConnection, names: Sequence[str], dataset: str | None, already: Forgotten
) -> tuple[tuple[str, str], ...]:
    """(dataset, user id) of each name, with or without its dataset in front.

    InputError when a name means users of several datasets, or nobody that a table, a rejected record or
    `already` knows.
    """
    known = _known_users(con)
    found = set()
    for name in names:
        meant = [
            (of, user)
            for of, user in known
            if dataset in (None, of) and name in (user, user.removeprefix(f"{of}:"))
        ]
        if len({of for of, _ in meant}) > 1:
            where = ", ".join(sorted(of for of, _ in meant))
            raise InputError(f"{name!r} is a user of {where}", remedy="say which with --dataset")
        found.update(meant or _before(name, dataset, already) or _elsewhere(con, name, dataset, known))
    return tuple(sorted(found))


def find(databases: Mapping[str, duckdb.DuckDBPyConnection], users: Sequence[tuple[str, str]]) -> Subject:
    """Everything of `users`; `databases` are open files of one home, the warehouse first."""
    warehouse = next(iter(databases.values()))
    subject = Subject(users=tuple(users))
    reviews, asked, texts = set(), set(), set()
    for con in databases.values():
        for table in table_names(con):
            mine = _own(con, table, subject.user_ids)
            reviews |= mine.get("review", set())
            asked |= mine.get("asked", set())
            texts |= mine.get("text", set())
    pieces = Traces((), pieces_of(texts)).without(_texts_of_others(warehouse, subject.user_ids)).pieces
    subject = replace(
        subject, reviews=tuple(sorted(reviews)), asked=tuple(sorted(asked)), pieces=tuple(pieces)
    )
    for _ in range(2):  # the second time: who was told what a model made of their texts for somebody else
        told: set[str] = set()
        for con in databases.values():
            told = told.union(*(_told(con, table, subject) for table in table_names(con)))
        subject = replace(subject, touched=tuple(sorted(told - asked)))
    averaged, topics = _topics(warehouse, subject)
    return replace(
        subject,
        policies=tuple(_policies(warehouse, subject)),
        iterations=tuple(_iterations(warehouse, subject)),
        learned=tuple(_learned(warehouse, subject)),
        averaged=tuple(averaged),
        topics=tuple(topics),
        sources=tuple(sorted(set(_sources(warehouse, subject)))),
    )


def _told(con: duckdb.DuckDBPyConnection, table: str, subject: Subject) -> set[str]:
    return told_about(con, table, subject, TARGETS)


def _known_users(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for table in ("raw.reviews", "staging.users", "raw.requests", "staging.requests"):
        if tables.column_types(con, table):
            query = exp.select("dataset", USER).distinct().from_(address(table))
            found.update(con.execute(query.sql(dialect=DIALECT)).fetchall())
    return sorted(found)


def _before(name: str, dataset: str | None, already: Forgotten) -> list[tuple[str, str]]:
    """A name that was forgotten before."""
    asked = [dataset] if dataset else sorted(already.datasets)
    users = [(of, f"{of}:{name.removeprefix(f'{of}:')}") for of in asked]
    return [(of, user) for of, user in users if already.holds(user)]


def _elsewhere(
    con: duckdb.DuckDBPyConnection, name: str, dataset: str | None, known: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    """A name that no accepted row knows: in rejected records, or nobody."""
    datasets = sorted({row.dataset for row in mentions(con, [name])})
    chosen = [of for of in datasets if dataset in (None, of)]
    if chosen:
        return [(of, f"{of}:{name.removeprefix(f'{of}:')}") for of in chosen]
    raise InputError(
        f"no user is called {name!r}{_nearest(name, known)}",
        remedy="check the id; `pat sql --warehouse 'from staging.users'` lists them",
    )


def _nearest(name: str, known: Sequence[tuple[str, str]]) -> str:
    from rapidfuzz import process

    bare = {user: user.removeprefix(f"{of}:") for of, user in known}
    found = process.extract(name, bare, limit=NEAREST, score_cutoff=LIKENESS)
    return f"; nearest are {', '.join(user for *_, user in found)}" if found else ""


def _own(con: duckdb.DuckDBPyConnection, table: str, users: Collection[str]) -> dict[str, set[str]]:
    """Ids and texts that rows of one table say are the users'."""
    columns = textual_columns(con, table)
    is_owned = table.split(".")[0] in OWNED
    found: dict[str, set[str]] = {}
    if USER in columns:
        wanted = {name: "asked" for name in columns if name in ASKED}
        if is_owned:
            wanted |= {name: "review" for name in columns if name in REVIEWS}
            wanted |= {name: "text" for name in columns if name in OWN_WORDS}
        _gather(con, table, USER, users, wanted, found)
    if DONOR in columns:
        _gather(con, table, DONOR, users, {name: "review" for name in columns if name in REVIEWS}, found)
    return found


def _gather(
    con: duckdb.DuckDBPyConnection,
    table: str,
    column: str,
    users: Collection[str],
    wanted: Mapping[str, str],
    found: dict[str, set[str]],
) -> None:
    if not wanted:
        return
    names = [exp.column(name, quoted=True) for name in wanted]
    query = exp.select(*names).distinct().from_(address(table)).where(exp.column(column).isin(*sorted(users)))
    rows = con.sql(query.sql(dialect=DIALECT)).pl()
    for name, kind in wanted.items():
        found.setdefault(kind, set()).update(rows[name].drop_nulls().to_list())


def _texts_of_others(con: duckdb.DuckDBPyConnection, users: Collection[str]) -> Iterator[pl.Series]:
    for table in ("raw.reviews", "raw.requests"):
        names = [name for name in textual_columns(con, table) if name in OWN_WORDS]
        if not names:
            continue
        texts = [exp.column(name, quoted=True) for name in names]
        others = exp.select(*texts).from_(address(table)).where(exp.column(USER).isin(*sorted(users)).not_())
        for batch in con.sql(others.sql(dialect=DIALECT)).to_arrow_reader(50_000):
            rows = pl.DataFrame(batch)
            yield from (rows[name] for name in names)


def _iterations(con: duckdb.DuckDBPyConnection, subject: Subject) -> list[str]:
    """Iterations with pairs that go."""
    if not tables.column_types(con, "preference.pairs"):
        return []
    gone = pl.col("example_id").is_in([*subject.asked, *subject.touched])
    return tables.read(con, "preference.pairs").filter(gone)["iteration"].unique().sort().to_list()


def _policies(con: duckdb.DuckDBPyConnection, subject: Subject) -> Iterator[tuple[str, str]]:
    """Policies trained on pairs that go, and those that continue them, each with the reason."""
    if not tables.column_types(con, "policy.adapters") or not tables.column_types(con, "preference.pairs"):
        return
    gone = {*subject.asked, *subject.touched}
    pairs = tables.read(con, "preference.pairs").select("iteration", "agent", "example_id")
    per_training = pairs.group_by("iteration", "agent").agg(
        pl.len().alias("n"), pl.col("example_id").is_in(list(gone)).sum().alias("n_gone")
    )
    made = tables.read(con, "policy.adapters", {"status": "trained"})
    counts = made.join(per_training, on=["iteration", "agent"], how="left").sort("iteration", "agent")
    told: set[str] = set()
    for row in counts.iter_rows(named=True):
        if row["n_gone"]:
            reason = f"{row['n_gone']} of {row['n']} pairs it was trained on held text of a forgotten user"
        elif row["parent_policy_id"] in told:
            reason = f"it continues {row['parent_policy_id']}, which was trained on text of a forgotten user"
        else:
            continue
        told.add(row["policy_id"])
        yield row["policy_id"], reason


def _learned(con: duckdb.DuckDBPyConnection, subject: Subject) -> list[str]:
    """Datasets whose style scales and propagation weights were learned from a train user who goes."""
    if not tables.column_types(con, "staging.users"):
        return []
    users = tables.read(con, "staging.users", {"split": "train"})
    return users.filter(pl.col(USER).is_in(list(subject.user_ids)))["dataset"].unique().sort().to_list()


def _topics(con: duckdb.DuckDBPyConnection, subject: Subject) -> tuple[list[str], list[str]]:
    """(topics that the users wrote about, those of them that nobody else did)."""
    if not tables.column_types(con, "staging.reviews"):
        return [], []
    reviews = con.table("staging.reviews").select("topic_id", USER).pl()
    mine = pl.col(USER).is_in(list(subject.user_ids))
    per_topic = reviews.group_by("topic_id").agg(mine.any().alias("some"), mine.all().alias("all"))
    named = per_topic.sort("topic_id")
    return named.filter("some")["topic_id"].to_list(), named.filter("all")["topic_id"].to_list()


def _sources(con: duckdb.DuckDBPyConnection, subject: Subject) -> Iterator[Row]:
    for table in ("raw.reviews", "raw.requests"):
        if not tables.column_types(con, table):
            continue
        query = (
            exp.select("dataset", "source_file", "source_row")
            .from_(address(table))
            .where(exp.column(USER).isin(*subject.user_ids))
        )
        for row in con.execute(query.sql(dialect=DIALECT)).fetchall():
            yield Row(*row)
    yield from mentions(con, subject.user_ids, subject.traces)
