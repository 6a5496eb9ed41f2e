/*
grain: one row per answered request
why: "Which run wrote the answer, and so which code: requests are answered in many nights. Not part of any content hash."
kind: table
columns:
  request_id: request that was answered
  run_id: Dagster run that wrote the answer, see ops.materializations
*/
create table ops.request_runs (
    request_id varchar not null,
    run_id varchar not null
);
