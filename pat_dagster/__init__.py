"""When and in which order: the Dagster side of the warehouse."""
