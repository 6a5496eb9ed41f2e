/*
grain: one row per column and upstream column it is computed from
why: The orchestrator's UI does not draw column lineage; this table answers where a number comes from.
kind: table
columns:
  table_name: table that holds the column
  column_name: the column
  upstream_table: table it is computed from
  upstream_column: column it is computed from; * where Python computes it from the table and nobody says from which columns
*/
create table ops.column_lineage (
    table_name varchar not null,
    column_name varchar not null,
    upstream_table varchar not null,
    upstream_column varchar not null
);
