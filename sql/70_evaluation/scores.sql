/*
grain: one row per iteration, arm, held-out example and metric
why: Every metric of every text, so that any mean can be taken again. mart.metrics says what each metric is.
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  arm: way to answer the example, see mart.arms
  example_id: held-out example
  metric: name of the metric, see mart.metrics; an example for which it cannot be computed has no row
  value: its value, in the unit that mart.metrics names
*/
create table evaluation.scores (
    iteration varchar not null,
    arm varchar not null,
    example_id varchar not null,
    metric varchar not null,
    value double not null
);
