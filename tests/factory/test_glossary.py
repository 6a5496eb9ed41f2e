"""Everything that is published says what it is, in DuckDB's comments and in mart.glossary."""

from pathlib import Path

import duckdb
import pytest
import yaml

from pat_dagster import tables
from pat_dagster.glossary import Meanings, glossary, meanings
from pat_dagster.lineage import plan
from pat_dagster.publish import publish, published_files
from pat_dagster.sql_files import SqlFileError


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published file with every table there is, all of them empty."""
    folder = tmp_path_factory.mktemp("published")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as con:
        for file in published_files():
            if not file.published_only:
                types = plan().types[file.name]
                columns = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
                tables.create_schema(con, file.schema)
                con.execute(f"create table {file.name} ({columns})")
    done = publish(folder / "warehouse.duckdb", folder / "analytics.duckdb")
    assert done.missing == []
    return folder / "analytics.duckdb"


def ask(path: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(query).fetchall()


def test_every_table_and_column_carries_a_comment(published: Path) -> None:
    tables_there = ask(published, "select table_name, comment from duckdb_tables() where not internal")
    columns = ask(published, "select column_name, comment from duckdb_columns() where not internal")
    assert len(tables_there) == len(published_files())
    assert [row for row in [*tables_there, *columns] if not row[1]] == []
    assert ask(published, "select count(*) from duckdb_views() where not internal") == [(0,)]


def test_the_glossary_has_every_table_and_column_with_its_comment_and_type(published: Path) -> None:
    there = "select schema_name || '.' || table_name, column_name, data_type, comment from duckdb_columns()"
    told = "select table_name, column_name, data_type, meaning from mart.glossary where kind = 'column'"
    assert sorted(ask(published, told)) == sorted(ask(published, f"{there} where not internal"))
    there = "select schema_name || '.' || table_name, comment from duckdb_tables()"
    told = "select term, meaning from mart.glossary where kind = 'table'"
    assert sorted(ask(published, told)) == sorted(ask(published, f"{there} where not internal"))
    assert ask(published, "select count(*) = count(distinct (kind, term)) from mart.glossary") == [(True,)]


def test_the_glossary_explains_the_words_first(published: Path) -> None:
    words = ask(published, "select term from mart.glossary where kind = 'word' order by place")
    assert [word for (word,) in words] == list(meanings().words)
    assert ask(published, "select kind from mart.glossary where place = 1") == [("word",)]


def test_a_word_of_the_yaml_that_changed_is_published(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(meanings().words, "donor", "somebody else")
    assert publish(published.with_name("warehouse.duckdb"), published).changed
    assert ask(published, "select meaning from mart.glossary where term = 'donor'") == [("somebody else",)]


def test_a_schema_without_a_meaning_is_refused() -> None:
    with pytest.raises(SqlFileError, match="does not say what staging"):
        glossary(published_files(), plan().types, Meanings(words={}, schemas={}))


def test_a_broken_glossary_file_names_itself(tmp_path: Path) -> None:
    (tmp_path / "glossary.yaml").write_text(yaml.safe_dump({"words": {"a": 1}}), encoding="utf-8")
    with pytest.raises(SqlFileError, match=r"glossary\.yaml"):
        meanings(tmp_path)
