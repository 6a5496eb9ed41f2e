/*
grain: one row per version of a request file that was read
why: Accounts for every row of every file of requests, and says which files need not be read again.
kind: table
columns:
  dataset: dataset that the file asks for
  source_file: file that was read; pat generate for requests from the command line
  format: csv, json_lines or parquet; typed for requests from the command line
  reader_version: version of the rules; another value means the file is read again
  sha256: hash of the bytes of the file
  ingest_order: higher = read later
  rows_read: rows found in the file, counted before any of them is judged
  rows_accepted: rows that asked something new; they are in raw.requests
  rows_rejected: rows that could not be used
  rows_duplicate: rows that ask what the same file or an earlier one has asked already
*/
create table raw.request_files (
    dataset varchar not null,
    source_file varchar not null,
    format varchar not null,
    reader_version integer not null,
    sha256 varchar not null,
    ingest_order bigint not null,
    rows_read bigint not null,
    rows_accepted bigint not null,
    rows_rejected bigint not null,
    rows_duplicate bigint not null
);
