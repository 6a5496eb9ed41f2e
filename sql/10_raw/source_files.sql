/*
grain: one row per registered source file and dataset
why: Says which bytes were read, how, and that every record was accounted for; an unchanged file is not read again.
kind: table
columns:
  dataset: name of the dataset
  source_file: file, DuckDB table or sample, as registered
  format: format it was read as, after detection
  read_as: split, column mapping and reader version as JSON; another value means the file is read again
  sha256: SHA-256 of the bytes of the file
  ingest_order: order in which files were ingested; where two hold the same review the higher one wins
  rows_read: records in the file, counted before validation
  rows_accepted: records written to raw.reviews
  rows_rejected: records written to raw.rejected_rows
  rows_duplicate: exact repetitions of an earlier record of the file, not written
*/
create table raw.source_files (
    dataset varchar not null,
    source_file varchar not null,
    format varchar not null,
    read_as varchar not null,
    sha256 varchar not null,
    ingest_order bigint not null,
    rows_read bigint not null,
    rows_accepted bigint not null,
    rows_rejected bigint not null,
    rows_duplicate bigint not null
)
