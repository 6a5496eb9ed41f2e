/*
grain: one row per materialization of a table, per iteration for partitioned tables
why: >-
  Says which code made which content from which inputs, so that two runs can be compared by hash, and so that a
  table whose inputs are the same as last time is left as it is.
kind: table
columns:
  table_name: schema and name of the table, or vectors and a table of the vector store
  iteration: partition that was written; null for a table without iterations
  run_id: Dagster run that wrote it
  code_version: hash of the SQL, or of the table definition and every Python module that the function needs
  rows: number of rows in the table or partition after writing
  content_sha256: fingerprint of the rows, independent of their order
  upstream_versions: JSON object, upstream table to the fingerprint it had
  started_at: when the materialization began, UTC
  seconds: wall-clock time it took, in seconds
  recipe_sha256: the recipe in force, a row of ops.recipes; null in rows of older versions
  recipe_parts: parts of the recipe that were read, with commas; other parts may change without consequence
  config: JSON object, what the run was asked for beside the recipe
  inputs_sha256: >-
    hash of everything that decides the content: code, libraries, upstream tables, recipe parts and config; null
    where the table must be written again, whatever its inputs are
*/
create table ops.materializations (
    table_name varchar not null,
    iteration varchar,
    run_id varchar not null,
    code_version varchar not null,
    rows bigint not null,
    content_sha256 varchar not null,
    upstream_versions varchar not null,
    started_at timestamp not null,
    seconds double not null,
    recipe_sha256 varchar,
    recipe_parts varchar,
    config varchar,
    inputs_sha256 varchar
);
