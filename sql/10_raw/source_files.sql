/*
grain: one row per source file read
why: Accounts for every row of every file, and orders files so that the newest version of a review wins.
kind: table
columns:
  dataset: name the source was registered under
  source_file: file that was read
  format: format it was read as
  read_as: split, column mapping and reader version as JSON; another value means the file is read again
  sha256: hash of the bytes of the file
  ingest_order: higher = read later; of two versions of a review the higher one wins
  rows_read: rows found in the file, counted before any of them is judged
  rows_accepted: rows written to raw.reviews
  rows_rejected: rows written to raw.rejected_rows
  rows_duplicate: rows left out because the same file holds them already
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
);
