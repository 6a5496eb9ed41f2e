/*
grain: one row per user whose own texts give a style vector
why: Says who can be a donor. The vectors themselves live in the vector store, table users.
kind: table
columns:
  user_id: the donor
  dataset: dataset of the user
  n_texts: number of own texts behind the vector
  encoder_id: style encoder, with its version
*/
create table feature.user_style (
    user_id varchar not null,
    dataset varchar not null,
    n_texts bigint not null,
    encoder_id varchar not null
);
