/*
grain: one row per accepted row of a source file
why: The reviews as they came, so that every later table can be rebuilt. A file is replaced as a whole.
kind: table
columns:
  dataset: name the source was registered under; prefix of every id
  source_file: file the row was read from
  source_row: number of the row in its file, 1 first (line, CSV record, or review, by format)
  review_id: stable id of the review, namespaced by dataset; an edited row keeps it
  split: train, validation or test where the source says so, else null
  user_id: who wrote it, namespaced by dataset
  topic_id: item or place written about, namespaced by dataset
  title: title as written, empty where there is none
  text: text as written
  rating: rating from 1 to 5
  posted_at: when it was posted, UTC; null where the source does not say
  is_target: whether the source marks it as the text to produce; null where it marks none
*/
create table raw.reviews (
    dataset varchar not null,
    source_file varchar not null,
    source_row bigint not null,
    review_id varchar not null,
    split varchar,
    user_id varchar not null,
    topic_id varchar not null,
    title varchar not null,
    text varchar not null,
    rating double not null,
    posted_at timestamp,
    is_target boolean
);
