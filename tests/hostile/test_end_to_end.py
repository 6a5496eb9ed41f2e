"""`pat run` on a corpus whose reviews, titles, users, topics and file names are the attacks.

Then all that came of it: tables, vectors, files, prompts, Dagster's records, the report, exports, requests
and the output of every command.
"""

from __future__ import annotations

import csv
import html.parser
import io
import json
import re
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from models.llm.chat import ChatFormat
from models.llm.transformers_backend import load_tokenizer
from models.recipes import Recipe
from pat_dagster.cli import app
from pat_dagster.csv_text import FORMULA
from pat_dagster.sql_files import load_files
from tests import homes
from tests.hostile import corpus
from tests.hostile.attacks import ATTACKS, BY_NAME, of
from tests.hostile.test_markdown import tokens
from tests.hostile.test_printable import obeyed

pytestmark = [pytest.mark.slow, pytest.mark.long]

PATH = re.compile(r"[A-Za-z0-9._-]+")
QUIET = {"PAT_PROGRESS": "0"}


def recipe() -> Recipe:
    """The small one, with pairs whatever the rewards are: hostile texts must get into training too."""
    made = homes.small_recipe().model_dump()
    made["pairs"] = {"margin": 1e-6, "minimum": 1}
    made["retraining"] |= {"min_spread": 0.0}
    return Recipe.model_validate(made)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    recipe().save(folder / "recipe.yaml")
    arguments = ["run", "--recipe", str(folder / "recipe.yaml"), "--dataset", corpus.DATASET]
    for path, kind in corpus.write(folder / "data"):
        arguments += ["--data", str(path), "--format", kind]
    done = homes.pat(folder / "home", *arguments, env=QUIET)
    assert done.returncode == 0, done.stderr[-2000:]
    assert obeyed(done.stdout + done.stderr) == []
    return folder / "home"


@pytest.fixture(scope="module")
def written() -> list[corpus.Written]:
    return corpus.reviews()


def rows(home: Path, query: str, file: str = "warehouse.duckdb") -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home / file), read_only=True) as con:
        return con.sql(query).fetchall()


def test_raw_tables_hold_what_was_written(home: Path, written: list[corpus.Written]) -> None:
    held = rows(home, "select user_id, topic_id, title, text, rating from raw.reviews")
    prefix = f"{corpus.DATASET}:"
    expected = [(prefix + r.user, prefix + r.topic, r.title, r.text, float(r.rating)) for r in written]
    assert Counter(held) == Counter(expected)
    reasons = rows(home, "select reason, record from raw.rejected_rows order by source_row")
    assert len(reasons) == sum(attack.rejected for attack in ATTACKS)
    assert all(reason.startswith("text h") and record for reason, record in reasons)


def test_no_table_came_or_went_and_every_check_passed(home: Path) -> None:
    there = {
        f"{schema}.{name}"
        for schema, name in rows(home, "select schema_name, table_name from duckdb_tables()")
    }
    assert there - set(load_files()) == set()
    counted = rows(home, "select count(*) from staging.reviews union all select count(*) from staging.users")
    assert [n for (n,) in counted] == [len(corpus.reviews()), len(of("id"))]
    failed = rows(
        home, "select table_name, check_name from ops.check_results where not passed and severity = 'error'"
    )
    assert failed == []


def test_every_vector_has_its_review(home: Path) -> None:
    import lancedb

    store = lancedb.connect(home / "vectors")
    for table, ids in (
        ("reviews", "select review_id from staging.reviews where not is_shared_text"),
        ("topics", "select topic_id from staging.topics"),
        ("users", "select user_id from staging.users"),
    ):
        held = store.open_table(table).to_arrow()["id"].to_pylist()
        assert sorted(held) == sorted(one for (one,) in rows(home, ids)), table


def test_no_file_is_named_by_a_review(home: Path) -> None:
    names = {part for path in home.rglob("*") for part in path.relative_to(home).parts}
    assert [name for name in names if not PATH.fullmatch(name)] == []
    assert [path for path in Path("/tmp").iterdir() if path.name.startswith("pat_hostile")] == []


def test_prompts_hold_the_control_tokens_of_their_template_alone(home: Path) -> None:
    chat = ChatFormat(load_tokenizer("pat-mini"), 2048, 512)
    prompts = [one for (one,) in rows(home, "select prompt from rollout.summaries where prompt is not null")]
    prompts += [one for (one,) in rows(home, "select prompt from evaluation.calls where prompt is not null")]
    assert len(prompts) > 100

    def steering(prompt: str) -> list[int]:
        return [number for number in chat.encode(prompt) if number in chat.control_ids]

    plain = steering(chat.render("plain"))
    assert len(plain) >= 2
    rendered = [prompt if prompt.startswith("<|user|>") else chat.render(prompt) for prompt in prompts]
    assert [prompt for prompt in rendered if steering(prompt) != plain] == []
    assert not any("1337" in prompt for prompt in prompts)


def test_training_read_letters(home: Path) -> None:
    assert rows(home, "select status from policy.adapters where status = 'trained'") != []


def events(home: Path) -> Iterator[dict[str, Any]]:
    """Every event that Dagster recorded, from its SQLite files."""
    for path in (home / "dagster" / "history").rglob("*.db"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as con:
            there = [name for (name,) in con.execute("select name from sqlite_master where type = 'table'")]
            if "event_logs" in there:
                for (event,) in con.execute("select event from event_logs"):
                    yield json.loads(event)


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """(key, text) of everything in a JSON value."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from leaves(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one, key)
    elif isinstance(value, str):
        yield key, value


def test_what_the_ui_shows_is_text(home: Path) -> None:
    found = 0
    for event in events(home):
        for key, text in leaves(event):
            if key == "user_message" or "log" in key:
                assert obeyed(text) == []
            if key != "md_str":
                continue
            found += 1
            assert obeyed(text) == []
            parsed = tokens(text)
            assert not any(token.type.startswith("html") for token in parsed), text[:500]
            assert not any(token.type == "link_open" for token in parsed), text[:500]
            images = [str(token.attrs["src"]) for token in parsed if token.type == "image"]
            assert all(source.startswith("data:image/svg+xml;base64,") for source in images)
    assert found > 40


class Page(html.parser.HTMLParser):
    """Elements, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.attributes: set[tuple[str, str]] = set()
        self.addresses: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes |= {(tag, name) for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src", "action", "style"}]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def report(home: Path) -> Path:
    done = homes.pat(home, "report", env=QUIET)
    assert done.returncode == 0 and obeyed(done.stdout + done.stderr) == []
    return home / "reports" / "report.html"


def test_the_report_holds_no_element_of_a_review(report: Path) -> None:
    page = Page()
    page.feed(report.read_text(encoding="utf-8"))
    assert not set(page.elements) & {"script", "img", "iframe", "form", "base", "object", "plaintext", "link"}
    assert page.elements["h1"] == page.elements["style"] == page.elements["main"] == 1
    assert [name for _, name in page.attributes if name.startswith("on")] == []
    assert [one for one in page.addresses if not one.startswith("#")] == []
    assert page.elements["meta"] == 3
    shown = " ".join(" ".join(page.text).split())
    seen = [attack.name for attack in ATTACKS if " ".join(attack.value.split())[:80] in shown]
    assert len(seen) > 15  # quoted, as they were written


def test_the_report_can_be_pasted_into_a_shell(report: Path) -> None:
    text = html.unescape(report.read_text(encoding="utf-8"))
    assert "'x'\"'\"'; drop schema raw cascade; --.csv'" in text


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_a_browser_runs_nothing_and_asks_for_nothing(report: Path, tmp_path: Path) -> None:
    log = tmp_path / "net.json"
    command = [
        *("chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"),
        *(f"--log-net-log={log}", "--virtual-time-budget=5000", "--dump-dom", report.as_uri()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    page = Page()
    page.feed(done.stdout)
    assert page.elements["script"] == page.elements["img"] == 0 and page.elements["main"] == 1
    title = re.search("<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert title is not None and title[1] == f"PAT report: {corpus.DATASET}"
    assert "pat.invalid" not in log.read_text(encoding="utf-8", errors="replace")


ALWAYS_TRUE = BY_NAME["sql_always_true"].value
RAW = ["sql", "from raw.reviews", "--warehouse", "--limit", "0"]
COMMANDS: dict[str, list[list[str]]] = {
    "run": [],  # the fixture
    "ingest": [["ingest"]],
    "nightly": [["nightly", "--dry-run"]],
    "generate": [],  # a test of its own
    "evaluate": [["evaluate", "--arms", "neighbor_review", "--tasks", "long"]],
    "report": [],  # a fixture
    "sql": [
        ["sql"],
        *(
            [
                ["sql", "from raw.reviews", "--warehouse", "--limit", "0", *more]
                for more in ([], ["--wide"], ["--json"])
            ]
        ),
        ["sql", "from mart.personalized_texts", "--limit", "0"],
        ["sql", "from mart.explain", "--wide"],
    ],
    "history": [["history"], ["history", "--json"]],
    "explain": [["explain"]],
    "export": [["export"]],
    "forget": [["forget", "--user", ALWAYS_TRUE, "--dataset", corpus.DATASET, "--dry-run"]],
    "controls": [],  # trains; prints numbers and names of its own
    "probes": [],
    "doctor": [["doctor"]],
    "build-mini": [],  # reads no review
}


def test_every_command_is_listed_here() -> None:
    assert {command.name for command in app.registered_commands} == set(COMMANDS)


@pytest.fixture(scope="module")
def used(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy for commands that change something."""
    return homes.copy(home, tmp_path_factory.mktemp("used") / "home")


@pytest.mark.parametrize("arguments", [one for each in COMMANDS.values() for one in each], ids=" ".join)
def test_no_command_prints_what_a_terminal_obeys(used: Path, arguments: list[str]) -> None:
    done = homes.pat(used, *arguments, env=QUIET)
    assert done.returncode in ({0, 1} if arguments == ["doctor"] else {0}), done.stderr
    assert obeyed(done.stdout + done.stderr) == []


def test_every_text_is_explained_in_text(used: Path) -> None:
    asked = rows(
        used, "select distinct example_id, arm from mart.personalized_texts order by all", "analytics.duckdb"
    )
    for example, arm in asked[::15]:
        for more in (["--json"], ["--all", "--prompts"]):
            done = homes.pat(used, "explain", example, "--arm", arm, *more, env=QUIET)
            assert done.returncode == 0 and obeyed(done.stdout + done.stderr) == []


def test_csv_of_everything_starts_no_formula(used: Path) -> None:
    done = homes.pat(used, "sql", "select title, text from raw.reviews", "--warehouse", "--csv", env=QUIET)
    read = list(csv.reader(io.StringIO(done.stdout, newline="")))
    assert len(read) == 1 + len(corpus.reviews())
    assert [cell for row in read for cell in row if cell.startswith(FORMULA)] == []


def test_parquet_holds_the_texts_as_they_are(used: Path) -> None:
    assert homes.pat(used, "export", env=QUIET).returncode == 0
    (path,) = used.rglob("*personalized_texts*.parquet")
    held = pl.read_parquet(path)
    expected = rows(used, "select text from mart.personalized_texts", "analytics.duckdb")
    assert sorted(held["text"]) == sorted(text for (text,) in expected)


def test_requests_are_questions_and_nothing_else(used: Path, tmp_path: Path) -> None:
    asked = [
        {"user": attack.value, "topic": of("id")[-1 - place].value, "input": attack.value, "task": "long"}
        for place, attack in enumerate(of("id")[::8])
    ]
    bad = [
        {"user": attack.value, "topic": "t", "input": attack.value} for attack in ATTACKS if attack.rejected
    ]
    path = tmp_path / BY_NAME["log_forging"].value
    path.write_text("\n".join(json.dumps(one) for one in [*asked, *bad]), encoding="utf-8")
    answers = tmp_path / "answers.jsonl"
    done = homes.pat(used, "generate", "--from", str(path), "--to", str(answers), env=QUIET)
    assert done.returncode == 0, done.stderr
    assert obeyed(done.stdout + done.stderr) == []
    found = [json.loads(line) for line in answers.read_text(encoding="utf-8").split("\n")[:-1]]
    assert [row["input"] for row in found] == [one["input"] for one in asked]
    assert len(rows(used, "from raw.rejected_requests")) == len(bad)


def test_forgetting_an_always_true_user_forgets_one(used: Path, tmp_path: Path) -> None:
    home = homes.copy(used, tmp_path / "home")
    done = homes.pat(home, "forget", "--user", ALWAYS_TRUE, "--dataset", corpus.DATASET, "--yes", env=QUIET)
    assert done.returncode == 0, done.stderr
    assert obeyed(done.stdout + done.stderr) == []
    left = {user for (user,) in rows(home, "select distinct user_id from raw.reviews")}
    every = {f"{corpus.DATASET}:{attack.value}" for attack in of("id")}
    assert left == every - {f"{corpus.DATASET}:{ALWAYS_TRUE}"}
