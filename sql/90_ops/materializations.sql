/*
grain: one row per materialization of a table, per iteration for partitioned tables
why: Says which code made which content from which inputs, so that two runs can be compared by hash.
kind: table
columns:
  table_name: schema and name of the table
  iteration: partition that was written; null for a table without iterations
  run_id: Dagster run that wrote it
  code_version: hash of the SQL, or of the table definition and the Python function
  rows: number of rows in the table or partition after writing
  content_sha256: fingerprint of the rows, independent of their order
  upstream_versions: JSON object, upstream table to the fingerprint it had
  started_at: when the materialization began, UTC
  seconds: wall-clock time it took, in seconds
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
    seconds double not null
);
