/*
grain: one row per iteration, agent and validation example
why: The candidate policy against the policy in use, on examples that neither was trained on.
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  agent: style or topic
  example_id: validation example
  quality_in_use: quality of the draft with the policy in use
  quality_candidate: quality of the draft with the candidate policy
*/
create table policy.trials (
    iteration varchar not null,
    agent varchar not null,
    example_id varchar not null,
    quality_in_use double not null,
    quality_candidate double not null
);
