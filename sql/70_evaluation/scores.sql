/*
grain: one row per iteration, arm, held-out example and metric
why: Every metric of every text, so that any mean can be taken again.
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  arm: way to fill the prompt
  example_id: held-out example
  metric: name of the metric; q is the recipe's Q, copied_run counts words
  value: its value
*/
create table evaluation.scores (
    iteration varchar not null,
    arm varchar not null,
    example_id varchar not null,
    metric varchar not null,
    value double not null
);
