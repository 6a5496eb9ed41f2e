"""`pat export`: the marts as Parquet files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import yaml

from models.files import write_whole
from pat_dagster.commands.options import Home, settings_of
from pat_dagster.commands.sql import database
from pat_dagster.console import say
from pat_dagster.export import DEFAULT
from pat_dagster.export import export as export_tables
from pat_dagster.resources.warehouse import open_database
from pat_dagster.settings import Settings


def export(
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="DIR",
            help="Folder for the files; it must not be there yet, or be an earlier export.",
            show_default="export in the home",
        ),
    ] = None,
    tables: Annotated[
        str,
        typer.Option("--tables", metavar="NAMES", help="Tables or patterns, with commas: mart.*,rollout.*."),
    ] = ",".join(DEFAULT),
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="WHEN", help="As of an iteration or a time.", show_default="the newest"),
    ] = None,
    home: Home = None,
) -> None:
    """Write the results as Parquet files, for those who do not use DuckDB.

    One file per table, `mart.leaderboard.parquet` and so on; what they mean is in `tables.json` and in
    `mart.glossary.parquet`. The folder is swapped in whole: nobody sees half of an export, and one of equal
    tables changes nothing. It is a link to a hidden folder beside it.

    Examples:

      pat export

      pat export --to /srv/share/pat --tables 'mart.*,evaluation.scores'

      pat export --to before --at 0003
    """
    settings = settings_of(home)
    folder = settings.export_path if to is None else to.expanduser().absolute()
    wanted = [name.strip() for name in tables.split(",")]
    path = database(settings, at)
    _remember(settings, folder)
    with open_database(path, read_only=True) as con:
        done = export_tables(con, folder, wanted)
    for name, rows in done.rows.items():
        say(f"  {name:<32}{rows:>12,} rows")
    state = "written" if done.changed else "unchanged"
    say(f"{len(done.rows)} tables {state}: {done.folder}")


def _remember(settings: Settings, folder: Path) -> None:
    """Folders outside the home, so that `pat forget` can name those that still hold somebody's texts."""
    if settings.home in folder.parents:
        return
    path = settings.exports_path
    known = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else []
    if str(folder) not in (known or []):
        write_whole(path, yaml.safe_dump([*(known or []), str(folder)], allow_unicode=True))
