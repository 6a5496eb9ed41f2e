/*
grain: one row per request
why: Texts that somebody asked for, as they came. What was read stays, also when its file is emptied or taken away.
kind: table
columns:
  request_id: hash of user, topic, task and input, namespaced by dataset; who asks the same again asks nothing new
  dataset: dataset that the request is about; prefix of its ids
  source_file: file that it was first read from; pat generate for one from the command line
  source_row: number of the row in that file, 1 first
  ingest_order: version of the file that brought it, see raw.request_files
  user_id: for whom a text is wanted, namespaced by dataset
  topic_id: what it is to be about, namespaced by dataset
  task: long, a text from its title; short, a title from its text; rating, 1 to 5 from both
  input: what the user gave
  requested_at: when it was asked, UTC; later reviews are not shown to it; null where nobody says, then all are
*/
create table raw.requests (
    request_id varchar not null,
    dataset varchar not null,
    source_file varchar not null,
    source_row bigint not null,
    ingest_order bigint not null,
    user_id varchar not null,
    topic_id varchar not null,
    task varchar not null,
    input varchar not null,
    requested_at timestamp
);
