"""When and in which order: the PAT job as Dagster assets over DuckDB, LanceDB and the `models` package."""
