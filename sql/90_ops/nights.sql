/*
grain: one row per look at how far a home has come
why: >-
  Why a night did what it did: each of its runs ends with a look that names the next one. A row without a next job
  ends the night; the newest of these says since when the tables are up to date.
kind: table
columns:
  looked_at: when, UTC
  run_id: Dagster run that looked
  night: name of the night, the UTC time it began; null for a run that somebody started by hand
  job: job of that run
  next_job: job to run next; null where nothing is left to do
  next_iteration: iteration to run it for; null for a job without iterations
  reason: why, in words
*/
create table ops.nights (
    looked_at timestamp not null,
    run_id varchar not null,
    night varchar,
    job varchar not null,
    next_job varchar,
    next_iteration varchar,
    reason varchar not null
);
