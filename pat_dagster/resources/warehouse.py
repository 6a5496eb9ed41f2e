"""The warehouse file as a Dagster resource."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from pydantic import PrivateAttr

from models.errors import BusyError, WorkError
from models.recipes import Recipe, load_recipe
from pat_dagster import run_lock
from pat_dagster.forgetting import journal
from pat_dagster.night_tags import is_night
from pat_dagster.operations import Operations, load_operations
from pat_dagster.retrying import retried
from pat_dagster.settings import SQL_ROOT, Settings

DEFAULT_RECIPE = "mini"


def recipe_in_force(settings: Settings) -> Recipe:
    """The recipe that `pat run` left in the home folder, else the default one."""
    return load_recipe(str(settings.recipe_path) if settings.recipe_path.exists() else DEFAULT_RECIPE)


def prepare(con: duckdb.DuckDBPyConnection, recipe: Recipe) -> None:
    """Load the macros and set one DuckDB variable per recipe value that SQL files ask for."""
    con.execute((SQL_ROOT / "macros.sql").read_text(encoding="utf-8"))
    for name, value in recipe.variables().items():
        set_variable(con, name, value)


def set_variable(con: duckdb.DuckDBPyConnection, name: str, value: object) -> None:
    """`set variable name = value`; names come from code, values travel as parameters."""
    if not name.isidentifier():
        raise ValueError(f"{name!r} is not a variable name")
    con.execute(f"set variable {name} = ?", [value])


def open_database(path: Path, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file; a file that another process holds ends in a message that says what to do."""
    if read_only and not path.exists():
        raise WorkError(f"{path}: no warehouse here yet; `pat run` creates one, or set PAT_HOME")
    try:
        return duckdb.connect(str(path), read_only=read_only)
    except duckdb.IOException as error:
        if "lock" not in str(error):
            raise WorkError(f"{path}: cannot be opened: {error}") from error
        raise BusyError(
            f"{path}: another process holds the warehouse. Wait for the running job (Dagster UI, `pat run`) "
            f"or stop it; to look at data meanwhile open {path.with_name('analytics.duckdb')}. "
            f"DuckDB says: {error}"
        ) from error


class Warehouse(dg.ConfigurableResource[Any]):
    """`warehouse.duckdb` of one home folder; a connection lives for one asset, never longer."""

    home: str
    _is_running: bool = PrivateAttr(default=False)
    _patience: Operations | None = PrivateAttr(default=None)  # what is tried again, and when; None: nothing
    _holds: bool = PrivateAttr(default=False)  # false too where the command that started the run does

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """A run begins; the home is its own from its first connection on."""
        self._is_running = True
        if context.run is not None and is_night(context.run.tags):
            self._patience = load_operations(Settings(Path(self.home)).operations_path)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """The run has ended, whatever happened in it; a command that holds the home goes on holding it."""
        self._is_running = False
        self._patience = None
        if self._holds:
            self._holds = False
            run_lock.release(Settings(Path(self.home)))

    def patiently(self) -> AbstractContextManager[None]:
        """At night, what fails inside for a cause that passes by itself is tried again; see `retrying`."""
        return retried(self._patience)

    @contextmanager
    def connect(self, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with macros and recipe variables set; closed whatever happens."""
        settings = Settings(Path(self.home))
        settings.home.mkdir(parents=True, exist_ok=True)
        with self.patiently():
            if self._is_running:
                self._holds |= run_lock.take(settings, "a run of Dagster")
                journal.refuse_unfinished(settings)
            recipe = recipe_in_force(settings)
            with open_database(settings.warehouse_path, read_only) as con:
                prepare(con, recipe)
                yield con
