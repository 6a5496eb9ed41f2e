"""Assets that Python computes; every module here is loaded by `pat_dagster.definitions`."""
