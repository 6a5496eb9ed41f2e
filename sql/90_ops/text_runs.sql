/*
grain: one row per iteration, arm and held-out example
why: "Which run wrote a text last, and so which code and recipe: an iteration's arms need not be written together. Not part of any content hash."
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  arm: way to answer the example
  example_id: held-out example
  run_id: Dagster run that wrote the text, see ops.materializations
*/
create table ops.text_runs (
    iteration varchar not null,
    arm varchar not null,
    example_id varchar not null,
    run_id varchar not null
);
