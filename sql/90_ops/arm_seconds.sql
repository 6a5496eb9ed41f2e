/*
grain: one row per iteration, arm, dataset and task
why: "What a text of an arm costs in time, on the machine that wrote it: not part of any content hash."
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  arm: way to answer the example
  dataset: dataset of the examples
  task: long, short or rating
  n: texts written
  seconds: seconds a text, agents and generator together, as measured when the batches were written
*/
create table ops.arm_seconds (
    iteration varchar not null,
    arm varchar not null,
    dataset varchar not null,
    task varchar not null,
    n bigint not null,
    seconds double not null
);
