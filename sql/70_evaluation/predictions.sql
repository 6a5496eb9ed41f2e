/*
grain: one row per iteration, arm and held-out example
why: What each arm wrote, with what its generator was shown. mart.arms says what the arms are.
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  arm: way to answer the example, see mart.arms
  example_id: held-out example
  text: what was written
  style_summary: what the generator was shown as style, null for nothing
  topic_summary: what the generator was shown as facts, null for nothing
  prompt_tokens: tokens read for this text, by the agents and the generator together; 0 without a model
  completion_tokens: tokens written for this text, by the agents and the generator together
*/
create table evaluation.predictions (
    iteration varchar not null,
    arm varchar not null,
    example_id varchar not null,
    text varchar not null,
    style_summary varchar,
    topic_summary varchar,
    prompt_tokens integer not null,
    completion_tokens integer not null
);
