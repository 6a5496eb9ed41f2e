/*
grain: one row per user who was forgotten
why: >-
  Their rows are rejected whenever a source brings them again. The id itself is nowhere: the salt of the hash is a
  file of the home that is never published.
kind: table
columns:
  dataset: dataset of the user
  user_hash: HMAC-SHA-256 of the user id with the home's salt, in hex
  forgotten_at: when, UTC
*/
create table ops.forgotten (
    dataset varchar not null,
    user_hash varchar not null,
    forgotten_at timestamp not null
);
