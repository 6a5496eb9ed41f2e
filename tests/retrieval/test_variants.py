"""Variants of contexts: the same eligible reviews chosen in another way, and only what is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from models.arms import arms
from models.encoders.stylometry import StyleEncoder
from models.retrieval.contexts import StyleSearch, TopicSearch
from models.retrieval.store import VectorStore
from models.retrieval.style import Wanted
from models.retrieval.vectors import sync_users
from pat_dagster import retrieving, tables
from pat_dagster.assets import contexts
from pat_dagster.cases import VARIANTS
from pat_dagster.resources.warehouse import Warehouse
from pat_dagster.retrieving import CHOICES, Shelf, Variant
from pat_dagster.rows import frame
from pat_dagster.sql_checks import load_checks
from tests.retrieval.topic_worlds import K, all_tasks, sync
from tests.retrieval.worlds import DONORS, WordEncoder, make_examples, make_reviews

SCALES = StyleEncoder.default()
CHECKS = {check.name: check for check in load_checks() if check.table.name == VARIANTS}


def style_search(reviews: pl.DataFrame, home: Path) -> StyleSearch:
    store = VectorStore(home / "vectors")
    sync_users(store, reviews, {"d": SCALES})
    return StyleSearch.build(reviews, make_examples(reviews), SCALES, store.load("users"))


def topic_search(reviews: pl.DataFrame, home: Path, examples: pl.DataFrame | None = None) -> TopicSearch:
    examples = all_tasks(reviews) if examples is None else examples
    return TopicSearch.build(reviews, examples, WordEncoder(), sync(reviews, home))


def ids(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select("example_id", "rank", "review_id").sort("example_id", "rank")


def test_every_variant_of_an_arm_is_known() -> None:
    named = {variant for arm in arms().values() for variant in arm.variants.items()}
    assert named == set(CHOICES)


def test_without_backoff_exactly_the_rows_of_the_own_topic_are_left(tmp_path: Path) -> None:
    search = topic_search(make_reviews(31, topics=25), tmp_path)
    usual, thin = search.rows(K), search.rows(K, backoff=False)
    assert thin.equals(usual.filter(source="exact"))
    assert thin.height < usual.height


def test_the_input_alone_expects_a_style_without_the_graph(tmp_path: Path) -> None:
    """Other people's texts on the topic change whom propagation finds, never whom the input alone finds."""
    reviews = make_reviews(32, topics=5)
    asked = make_examples(reviews).sort("example_id").row(0, named=True)
    others = (pl.col("topic_id") == asked["topic_id"]) & (pl.col("user_id") != asked["user_id"])
    moved = reviews.with_columns(
        topic_id=pl.when(others).then(pl.lit("d:elsewhere")).otherwise(pl.col("topic_id"))
    )
    wanted = Wanted(DONORS, exclude_same_topic=False)
    mine = pl.col("example_id") == asked["example_id"]
    one, other = (
        style_search(rows, tmp_path / name).rows(wanted, by_input=True).filter(mine)
        for name, rows in (("a", reviews), ("b", moved))
    )
    assert one.height == DONORS
    assert one.equals(other)
    search = style_search(reviews, tmp_path / "a")
    assert not ids(search.rows(wanted)).equals(ids(search.rows(wanted, by_input=True)))


def test_opposed_reviewers_are_the_same_candidates_the_least_aligned_first(tmp_path: Path) -> None:
    search = topic_search(make_reviews(33, users=80, topics=6), tmp_path)
    everything = {choice: search.rows(100, choice=choice, backoff=False) for choice in ("ranked", "opposed")}  # type: ignore[arg-type]
    shown = [set(rows.select("example_id", "review_id").iter_rows()) for rows in everything.values()]
    assert shown[0] == shown[1]
    means = {}
    for choice in ("ranked", "opposed"):
        rows = search.rows(K, choice=choice).filter(pl.col("alignment").is_not_null())  # type: ignore[arg-type]
        means[choice] = rows.filter(pl.col("example_id").str.ends_with(":long"))["alignment"].mean()
    assert means["opposed"] < 0 < means["ranked"]
    order = everything["opposed"].sort("example_id", "rank")
    score = order["relevance"] - 4.0 * order["alignment"].fill_null(0.0)
    drop = score.diff().filter(order["rank"] > 1)
    assert drop.max() <= 1e-5  # steps of a millionth


def test_opposed_needs_no_alignment_in_the_recipe(tmp_path: Path) -> None:
    search = topic_search(make_reviews(34), tmp_path)
    assert search.rows(K, alignment=False, choice="opposed").equals(search.rows(K, choice="opposed"))


def test_no_variant_depends_on_the_own_target(tmp_path: Path) -> None:
    """Another target, the same rows: `opposed` has a regression of its own, `by_input` an expectation."""
    reviews = make_reviews(35, topics=5)
    target = make_examples(reviews).filter(split="test")["target_review_id"][0]
    changed = reviews.with_columns(
        text=pl.when(pl.col("review_id") == target).then(pl.lit("quite OTHER words !!")).otherwise("text")
    )
    mine = pl.col("example_id") == f"{target}:long"
    found = []
    for name, rows in (("a", reviews), ("b", changed)):
        examples = make_examples(rows)
        topic = topic_search(rows, tmp_path / name, examples)
        style = style_search(rows, tmp_path / name)
        tables_of = [
            topic.rows(K, choice="opposed"),
            topic.rows(K, backoff=False),
            style.rows(Wanted(DONORS), by_input=True),
            style.rows(Wanted(DONORS, choice="random")),
            style.rows(Wanted(DONORS, choice="farthest")),
        ]
        found.append([rows.filter(mine).write_json() for rows in tables_of])
    assert found[0] == found[1]


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """staging.reviews, feature.examples, the audit and variants of a small corpus."""
    home = tmp_path_factory.mktemp("variants")
    reviews = make_reviews(36, users=60, topics=12)
    tests = make_examples(reviews).filter(split="test").with_columns(is_selected=True)
    flagged = reviews["user_id"].unique().sort().head(3)
    topic = topic_search(reviews, home, tests).rows(K, choice="opposed")
    store = VectorStore(home / "vectors")
    sync_users(store, reviews, {"d": SCALES})
    search = StyleSearch.build(reviews, tests, SCALES, store.load("users"), flagged=flagged.to_list())
    style = search.rows(Wanted(DONORS, choice="farthest")).with_columns(is_aligned=False)
    columns = frame(VARIANTS, []).columns
    variants = pl.concat(
        [
            topic.with_columns(variant=pl.lit("opposed_reviewers"), agent=pl.lit("topic")).select(columns),
            style.with_columns(variant=pl.lit("farthest_donors"), agent=pl.lit("style")).select(columns),
        ]
    )
    audit = pl.DataFrame({"user_id": flagged, "is_flagged": True, "evidence": "is called A Traveler"})
    connection = duckdb.connect()
    for table, rows in {
        "staging.reviews": reviews,
        "feature.examples": tests,
        "feature.user_audit": audit,
        VARIANTS: variants,
    }.items():
        connection.execute(f"create schema if not exists {table.split('.')[0]}")
        connection.register("frame", rows)
        connection.execute(f"create table {table} as from frame")
        connection.unregister("frame")
    yield connection
    connection.close()


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_real_rows_keep_every_rule(con: duckdb.DuckDBPyConnection, name: str) -> None:
    assert con.sql(CHECKS[name].sql).pl().is_empty()
    assert CHECKS[name].blocking


SPOILED = {
    "never_shows_the_own_user": "review_id = (select min(target_review_id) from feature.examples), "
    "example_id = (select arg_min(example_id, target_review_id) from feature.examples) where rank = 1",
    "never_shows_the_own_target": "review_id = (select min(target_review_id) from feature.examples), "
    "example_id = (select arg_min(example_id, target_review_id) from feature.examples) where rank = 1",
    "never_shows_a_shared_text": "review_id = (select min(review_id) from staging.reviews "
    "where is_shared_text)",
    "never_shows_a_flagged_donor_of_style": "donor_id = (select min(user_id) from feature.user_audit)",
    "never_shows_a_later_review": "review_id = (select max_by(review_id, posted_at) from staging.reviews)",
    "never_crosses_datasets": "review_id = 'x' where rank = 1",
    "every_row_is_a_review_by_its_donor_for_a_test_example": "donor_id = 'nobody' where rank = 1",
    "ranks_are_one_to_n": "rank = 2 where rank = 1",
}


def test_every_rule_is_tried() -> None:
    assert set(SPOILED) == set(CHECKS)


@pytest.mark.parametrize("broken", sorted(SPOILED))
def test_a_spoiled_row_is_returned(con: duckdb.DuckDBPyConnection, broken: str) -> None:
    con.begin()
    con.execute("insert into staging.reviews (review_id, dataset, user_id) values ('x', 'other', 'y')")
    con.execute(f"update {VARIANTS} set {SPOILED[broken]}")  # noqa: S608
    found = con.sql(CHECKS[broken].sql).pl()
    con.rollback()
    assert found.height


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which every variant shows one review, named after how often it was chosen."""
    times = [0]

    def one_row(shelf: Shelf, variants: Sequence[Variant]) -> dict[Variant, pl.DataFrame]:
        times[0] += 1
        row = {"example_id": "e", "rank": 1, "donor_id": "u", "review_id": str(times[0]), "is_aligned": False}
        return {
            (agent, name): frame(VARIANTS, [{"agent": agent, "variant": name, **row}])
            for agent, name in variants
        }

    monkeypatch.setattr(contexts, "varied", one_row)
    return tmp_path


def materialize(home: Path, *names: str) -> dict[str, str]:
    """Variant -> review, after the asset ran for the arms."""
    config = {"ops": {"context__variant_reviews": {"config": {"arms": list(names)}}}}
    assert dg.materialize(
        [contexts.variant_reviews],
        instance=dg.DagsterInstance.ephemeral(),
        resources={"warehouse": Warehouse(home=str(home))},
        run_config=config,
    ).success
    with Warehouse(home=str(home)).connect() as con:
        return dict(tables.read(con, VARIANTS).select("variant", "review_id").iter_rows())


def test_only_variants_of_the_arms_are_chosen_and_others_stay(home: Path) -> None:
    assert materialize(home, "pat_random_donors") == {"random_donors": "1"}
    assert materialize(home, "pat_farthest_donors") == {"random_donors": "1", "farthest_donors": "2"}
    assert materialize(home, "pat_*_donors") == {"random_donors": "3", "farthest_donors": "3"}
    assert materialize(home, "floors") == {"random_donors": "3", "farthest_donors": "3"}


def test_variants_of_other_reviews_do_not_stay(home: Path) -> None:
    materialize(home, "pat_random_donors")
    with Warehouse(home=str(home)).connect() as con:
        ledger = tables.read(con, "ops.materializations").tail(1)
        changed = ledger.with_columns(table_name=pl.lit("staging.reviews"), content_sha256=pl.lit("new"))
        with tables.transaction(con):
            tables.append(con, "ops.materializations", changed)
    assert materialize(home, "pat_opposed_reviewers") == {"opposed_reviewers": "2"}


def test_arms_without_variants_load_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("vectors were read")

    monkeypatch.setattr(retrieving, "VectorStore", refuse)
    assert materialize(tmp_path, "floors", "pat", "pat_swapped") == {}
