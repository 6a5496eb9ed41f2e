"""Where a run keeps its files: one folder, `PAT_HOME`."""

import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_HOME = ".pat"
SQL_ROOT = Path(__file__).resolve().parent.parent / "sql"


@dataclass(frozen=True)
class Settings:
    """Every path below the home folder; nothing is created by asking for one."""

    home: Path

    @classmethod
    def from_env(cls) -> "Settings":
        """Read `PAT_HOME`; the default is `.pat` in the current folder."""
        return cls(Path(os.environ.get("PAT_HOME") or DEFAULT_HOME).expanduser().resolve())

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file of the job: one writer, nobody else opens it."""
        return self.home / "warehouse.duckdb"

    @property
    def analytics_path(self) -> Path:
        """The published DuckDB file that readers open."""
        return self.home / "analytics.duckdb"

    @property
    def vectors_path(self) -> Path:
        """The folder of the LanceDB tables."""
        return self.home / "vectors"

    @property
    def learned_path(self) -> Path:
        """The folder of hashes of the rows that style scales and propagation were learned from."""
        return self.home / "learned"

    @property
    def plan_path(self) -> Path:
        """What the files below `sql/` say together; made anew when one of them changes."""
        return self.home / "plan.json"

    @property
    def policies_path(self) -> Path:
        """The folder of the trained adapters."""
        return self.home / "policies"

    @property
    def dagster_home(self) -> Path:
        """The Dagster instance: what the command line ran is what the UI shows."""
        return self.home / "dagster"

    @property
    def recipe_path(self) -> Path:
        """The recipe in force, so that the UI does what the command line did."""
        return self.home / "recipe.yaml"

    @property
    def sources_path(self) -> Path:
        """The registered sources, a YAML list."""
        return self.home / "sources.yaml"

    @property
    def operations_path(self) -> Path:
        """When the nightly run starts, where files land, what is kept."""
        return self.home / "settings.yaml"

    @property
    def snapshots_path(self) -> Path:
        """The folder of earlier published files."""
        return self.home / "snapshots"

    @property
    def salt_path(self) -> Path:
        """The key of the hashes in `ops.forgotten`; never published."""
        return self.home / "forgotten.salt"

    @property
    def forget_journal_path(self) -> Path:
        """What an unfinished `pat forget` has still to remove; not there otherwise."""
        return self.home / "forgetting.json"

    @property
    def export_path(self) -> Path:
        """The folder of Parquet files, a link to the newest export."""
        return self.home / "export"

    @property
    def exports_path(self) -> Path:
        """A YAML list of the folders outside the home that were exported to."""
        return self.home / "exports.yaml"
