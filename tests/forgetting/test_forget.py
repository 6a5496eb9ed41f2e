"""`pat forget` on a finished home: nothing of somebody is left anywhere, and the next run is whole again."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pat_dagster.settings import Settings
from tests import homes
from tests.forgetting.scanner import Person, person, places

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("PAT_KILLS", "5"))
TIMES = {"ops.forgotten": "user_hash, forgotten_at", "ops.materializations": "started_at"}


def ask(home: Path, query: str, *values: object) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        return con.execute(query, list(values)).fetchall()


def train_donor(home: Path) -> str:
    """A train user whose texts were shown to others, to train examples among them, and who has an example."""
    query = """
        select users.user_id
        from context.style_reviews as shown
        inner join staging.users as users on shown.donor_id = users.user_id
        inner join feature.examples as examples on shown.example_id = examples.example_id
        where users.split = 'train' and users.n_reviews >= 2
        group by users.user_id
        order by count(*) filter (where examples.split = 'train') desc, count(*) desc, users.user_id
    """
    return str(ask(home, query)[0][0])


def test_user(home: Path) -> str:
    """A user for whom the arms wrote."""
    query = "select user_id from mart.personalized_texts where arm = 'pat' and task = 'long' order by user_id"
    return str(ask(home, query)[0][0])


test_user.__test__ = False  # type: ignore[attr-defined]


def digests(home: Path) -> dict[str, str]:
    """Every file of a home, but the lock that says who was there last."""
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.rglob("*"))
        if path.is_file() and path.name != "run.lock"
    }


def contents(home: Path) -> dict[str, str]:
    """Hashes of the rows of every table, whatever their order, without times and the salted hash."""
    found = {}
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        names = con.execute("select schema_name, table_name from duckdb_tables() order by all").fetchall()
        for table in (f"{schema}.{name}" for schema, name in names):
            columns = f"* exclude ({TIMES[table]})" if table in TIMES else "*"
            rows = con.execute(f"select {columns} from {table}").fetchall()  # noqa: S608
            found[table] = hashlib.sha256(repr(sorted(map(repr, rows))).encode()).hexdigest()
    return found


@pytest.fixture(scope="module")
def prepared(finished_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished home with a report, a snapshot and a rejected record of the train donor."""
    home = homes.copy(finished_home, tmp_path_factory.mktemp("prepared") / "home")
    assert homes.pat(home, "report").returncode == 0
    snapshots = home / "snapshots"
    snapshots.mkdir(exist_ok=True)
    shutil.copy(home / "analytics.duckdb", snapshots / "analytics-20200101T000000Z.duckdb")
    name = train_donor(home).removeprefix("small:")
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        con.execute("checkpoint")
        con.execute(
            "insert into raw.rejected_rows values ('small', 'sample:7:small', 9999, 'rating is missing', ?)",
            [f'{{"user": "{name}", "text": "words of {name} alone"}}'],
        )
        con.execute(
            "update raw.source_files set rows_read = rows_read + 1, rows_rejected = rows_rejected + 1"
        )
    return home


@pytest.fixture(scope="module")
def people(prepared: Path) -> list[Person]:
    return [person(prepared, train_donor(prepared)), person(prepared, test_user(prepared))]


def asked(people: list[Person]) -> list[str]:
    return [word for who in people for word in ("--user", who.ids[0])]


@pytest.fixture(scope="module")
def forgotten(prepared: Path, people: list[Person], tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = homes.copy(prepared, tmp_path_factory.mktemp("forgotten") / "home")
    done = homes.pat(home, "forget", *asked(people), "--yes")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "rows" in done.stdout and "sample:7:small" in done.stdout, "where the texts still stand is said"
    return home


@pytest.mark.slow
def test_the_scanner_finds_them_beforehand(prepared: Path, people: list[Person]) -> None:
    """The control: a scanner that finds nothing proves nothing."""
    found = places(prepared, people[0])
    for expected in (
        "warehouse.duckdb: raw.reviews.text",
        "warehouse.duckdb: rollout.summaries.prompt",
        "warehouse.duckdb: context.style_reviews.donor_id",
        "analytics.duckdb: staging.reviews.text",
        "snapshots/analytics-20200101T000000Z.duckdb: staging.reviews.text",
        "vectors/reviews.lance: id",
        "vectors/users.lance: id",
    ):
        assert expected in found
    assert any(place.startswith("vectors/users.lance/data/") for place in found), "bytes are looked at"
    assert "warehouse.duckdb: mart.personalized_texts.target" in places(prepared, people[1])


@pytest.mark.slow
def test_a_dry_run_shows_and_changes_nothing(prepared: Path, people: list[Person]) -> None:
    before = digests(prepared)
    done = homes.pat(prepared, "forget", *asked(people), "--dry-run")
    assert done.returncode == 0, done.stderr[-2000:]
    for word in (
        "rollout.summaries",
        "vectors.reviews",
        "style-0000",
        "raw.rejected_rows",
        "sample:7:small, rows",
    ):
        assert word in done.stdout
    assert digests(prepared) == before


@pytest.mark.slow
def test_nothing_of_them_is_left(forgotten: Path, people: list[Person]) -> None:
    for who in people:
        assert places(forgotten, who) == []
    assert f"words of {people[0].ids[0].removeprefix('small:')} alone".encode() not in b"".join(
        path.read_bytes() for path in forgotten.rglob("*") if path.is_file()
    )


@pytest.mark.slow
def test_others_are_as_they_were(prepared: Path, forgotten: Path, people: list[Person]) -> None:
    ids = [who.ids[0] for who in people]
    for table in ("raw.reviews", "staging.reviews", "feature.examples", "feature.user_style"):
        query = f"select * from {table} where user_id not in (?, ?) order by all"  # noqa: S608
        assert ask(prepared, query, *ids) == ask(forgotten, query, *ids)
    untouched = "select count(*) from rollout.summaries"
    assert 0 < ask(forgotten, untouched)[0][0] < ask(prepared, untouched)[0][0]  # type: ignore[operator]


@pytest.mark.slow
def test_policies_that_learned_from_them_wait_for_retraining(forgotten: Path) -> None:
    rows = ask(forgotten, "select policy_id, status, path, reason from policy.adapters order by all")
    assert [row[1] for row in rows] == ["retrain", "retrain"]
    assert all(row[2] is None and "forgotten user" in str(row[3]) for row in rows)
    assert not any((forgotten / "policies").iterdir())


@pytest.mark.slow
def test_again_changes_nothing(forgotten: Path, people: list[Person]) -> None:
    before = digests(forgotten)
    done = homes.pat(forgotten, "forget", *asked(people), "--yes")
    assert done.returncode == 0 and "forgotten before" in done.stdout
    assert digests(forgotten) == before


@pytest.mark.slow
def test_the_next_run_is_whole_and_brings_nobody_back(
    forgotten: Path, people: list[Person], tmp_path: Path
) -> None:
    home = homes.copy(forgotten, tmp_path / "home")
    done = homes.pat(home, *homes.run_arguments(tmp_path))
    assert done.returncode == 0, done.stderr[-2000:]
    assert "FAILED" not in done.stdout
    for who in people:
        assert places(home, who) == []
    n = ask(home, "select count(*) from raw.rejected_rows where record = ''")[0][0]
    assert n == sum(len(who.ids) - 1 for who in people)
    read = ask(home, "select rows_read, rows_accepted + rows_rejected + rows_duplicate from raw.source_files")
    assert read[0][0] == read[0][1]
    bad = ask(
        home, "select table_name, check_name from ops.check_results where not passed and severity = 'error'"
    )
    assert bad == []
    assert {row[0] for row in ask(home, "select status from policy.policies")} == {"in_use"}
    left_out = """
        select example_id from feature.examples
        where is_selected and example_id not in (select example_id from rollout.summaries)
    """
    assert ask(home, left_out) == [], "what others lost is there again"


@pytest.mark.slow
def test_nobody_is_called_so(prepared: Path) -> None:
    done = homes.pat(prepared, "forget", "--user", "u0049", "--yes")
    assert done.returncode == 2 and "nearest are small:u00049" in done.stderr
    assert homes.pat(prepared, "forget").returncode == 2
    assert homes.pat(prepared, "forget", "--user", train_donor(prepared)).returncode == 2, "nobody to ask"


@pytest.mark.slow
@pytest.mark.long
def test_killed_anywhere_it_is_finished(
    prepared: Path, forgotten: Path, people: list[Person], tmp_path: Path
) -> None:
    whole = contents(forgotten)
    total = _kill(homes.copy(prepared, tmp_path / "counted"), 0, people)
    for number in range(KILLS):
        last = 1 + number * (total - 1) // max(1, KILLS - 1)
        home = homes.copy(prepared, tmp_path / f"killed-{number}")
        _kill(home, last, people)
        if Settings(home).forget_journal_path.exists():
            refused = homes.pat(home, "ingest")
            assert refused.returncode == 1 and "pat forget" in refused.stderr, (
                "half forgotten is no state to work in"
            )
            done = homes.pat(home, "forget")
        else:
            done = homes.pat(home, "forget", *asked(people), "--yes")
        assert done.returncode == 0, (last, done.stderr[-2000:])
        assert contents(home) == whole, last
        for who in people:
            assert places(home, who) == [], last
        shutil.rmtree(home)


def _kill(home: Path, last: int, people: list[Person]) -> int:
    """Run `pat forget` until its change number `last`; for 0 to its end, and say how many there were."""
    command = [sys.executable, "-m", "tests.forgetting.killing", str(last), "forget", *asked(people), "--yes"]
    done = subprocess.run(
        [*command, "--home", str(home)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=homes.environment(),
    )
    if last:
        assert done.returncode == -9, done.stderr[-2000:]
        return last
    assert done.returncode == 0, done.stderr[-2000:]
    return int(done.stdout.rstrip().rpartition(": ")[2])
