/*
grain: one row per request
why: The texts that were asked for, and whether anything is known of who asks and of what is asked about.
columns:
  request_id: stable id of the request
  dataset: dataset that it is about
  user_id: for whom a text is wanted
  topic_id: what it is to be about
  task: long, a text from its title; short, a title from its text; rating, 1 to 5 from both
  input: what the user gave
  requested_at: when it was asked, UTC; null where nobody says
  source_file: file that it was first read from; pat generate for one from the command line
  source_row: number of the row in that file, 1 first
  user_is_known: whether the user wrote a review that is here; else a cold start
  topic_is_known: whether a review of the topic is here; else the nearest topics by the meaning of the input help out
*/
with
requests as (
    select * from raw.requests
),

users as (
    select user_id from staging.users
),

topics as (
    select topic_id from staging.topics
)

select
    requests.request_id,
    requests.dataset,
    requests.user_id,
    requests.topic_id,
    requests.task,
    requests.input,
    requests.requested_at,
    requests.source_file,
    requests.source_row,
    users.user_id is not null as user_is_known,
    topics.topic_id is not null as topic_is_known
from requests
left join users using (user_id)
left join topics using (topic_id)
