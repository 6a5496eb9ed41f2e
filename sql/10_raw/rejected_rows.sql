/*
grain: one row per record of a source file that could not be accepted
why: No record is lost in silence; the row says where it is, what is wrong and what it was.
kind: table
columns:
  dataset: name of the dataset
  source_file: file the record was read from, as registered
  source_row: number of the record in that file, from 1 (line, CSV record or review, by format)
  reason: what is wrong with it, for a reader
  record: the record as it was read (JSON, or the raw line with odd bytes written as \xNN)
*/
create table raw.rejected_rows (
    dataset varchar not null,
    source_file varchar not null,
    source_row bigint not null,
    reason varchar not null,
    record varchar not null
)
