/*
grain: one row per row of a request file that could not be used
why: Rows are never lost; each says why it was rejected and what it held. Of a file that was read again, the newest version.
kind: table
columns:
  dataset: dataset that the file asks for
  source_file: file the row was read from
  source_row: number of the row in its file, 1 first
  reason: why it was rejected, in words
  record: the record as read, cut where it is very long
*/
create table raw.rejected_requests (
    dataset varchar not null,
    source_file varchar not null,
    source_row bigint not null,
    reason varchar not null,
    record varchar not null
);
