"""Where the columns of Python's tables come from: all of them say it, and what they name is there."""

from __future__ import annotations

import dagster as dg

from pat_dagster import column_lineage
from pat_dagster.column_lineage import ANY, COPIED, IDS
from pat_dagster.definitions import defs
from pat_dagster.lineage import Column, plan
from pat_dagster.sql_files import load_files, table_file

FROM_FILES = "raw"  # tables that are computed from no table


def written_by_python() -> dict[str, list[str]]:
    """Table -> names of the assets it is made from."""
    graph = defs.resolve_asset_graph()
    names = {name for name, file in load_files().items() if file.kind == "table"}
    found = {}
    for node in graph.asset_nodes:
        name = ".".join(node.key.path)
        if name in names and node.is_materializable:
            found[name] = [".".join(key.path) for key in node.parent_keys]
    return found


def test_every_column_says_where_it_comes_from() -> None:
    silent = []
    for table, deps in written_by_python().items():
        file = table_file(table)
        for name, sources in column_lineage.of_python(file, deps).items():
            if not sources and name != file.partition and file.schema != FROM_FILES:
                silent.append(f"{table}.{name}")
    assert silent == []


def test_what_is_named_is_there() -> None:
    known = [*IDS.values(), *(one for of_table in COPIED.values() for one in of_table.values())]
    types = plan().types
    assert not [column for column in known if column.name not in types[column.table]]
    assert not [
        (table, name) for table, of_table in COPIED.items() for name in of_table if name not in types[table]
    ]


def test_a_column_is_known_or_only_its_tables_are() -> None:
    sources = column_lineage.of_python(
        table_file("evaluation.evidence"), ["evaluation.predictions", "policy_in_use", "vectors.titles"]
    )
    assert sources["iteration"] == ()
    assert sources["review_id"] == (Column("staging.reviews", "review_id"),)
    assert sources["similarity"] == (Column("context.style_reviews", "similarity"),)
    assert sources["role"] == (Column("evaluation.predictions", ANY), Column("vectors.titles", ANY))


def test_dagster_is_told_what_is_known() -> None:
    told = column_lineage.metadata({"a": (Column("s.t", "c"),), "b": (Column("s.t", ANY),)})
    assert dict(told.deps_by_column) == {
        "a": [dg.TableColumnDep(asset_key=dg.AssetKey(["s", "t"]), column_name="c")],
        "b": [],
    }
