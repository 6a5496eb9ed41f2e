/*
grain: one row per source of reviews, and per landing folder that cannot be looked into
why: >-
  Which files the reviews come from, and which ones are left out tonight and why: a file that is broken, half
  written or gone stops nothing, and is seen here.
kind: table
columns:
  dataset: dataset that the source belongs to
  source_file: file, table in a file, or landing folder
  origin: registered, as with --data; or landing folder, see settings.yaml of the home
  status: >-
    in use; waiting, it may still be written; refused, it cannot be read; kept, it is gone from its folder. Reviews
    read from it before stay in every case
  problem: what is wrong, in words; null where it is in use
*/
create table raw.sources (
    dataset varchar not null,
    source_file varchar not null,
    origin varchar not null,
    status varchar not null,
    problem varchar
);
