/*
grain: one row per accepted review of a registered source file
why: Keeps what the files say, unchanged, so that every later table can be rebuilt from here. The rows of a file are replaced as a whole.
kind: table
columns:
  dataset: name of the dataset, the prefix of every id
  source_file: file the review was read from, as registered
  source_row: number of the record in that file, from 1 (line, CSV record or review, by format)
  review_id: stable id, a hash of user, topic and time (or occurrence), never of the text
  split: train, validation or test as the source says; null lets staging divide the users
  user_id: who wrote it
  topic_id: the item or place written about
  title: title as written, empty when there is none
  text: text as written
  rating: 1 to 5
  posted_at: when it was written, in UTC, null when the source does not say
  is_target: whether the benchmark asks for this review, null when the source does not say
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
)
