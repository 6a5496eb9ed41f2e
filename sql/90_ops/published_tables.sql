/*
grain: one row per table of this file
why: >
  Which content readers see since when. Publishing compares it with the warehouse, and leaves the file as it is where
  nothing but the job's own bookkeeping changed. Written into the published file alone.
kind: table
published_only: true
columns:
  table_name: schema and name of the table
  rows: number of rows
  content_sha256: fingerprint of the rows, independent of their order; null for tables made while publishing
  definition_sha256: fingerprint of the columns, their types and all comments
  published_at: when this file was published, UTC
*/
create table ops.published_tables (
    table_name varchar not null,
    rows bigint not null,
    content_sha256 varchar,
    definition_sha256 varchar not null,
    published_at timestamp not null
);
