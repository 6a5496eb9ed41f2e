/*
grain: one row per iteration, agent, training step and metric
why: The curve of each training, from its first step.
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  agent: style or topic
  step: optimizer step
  metric: name of the metric, as the trainer calls it
  value: value at that step
*/
create table policy.training_log (
    iteration varchar not null,
    agent varchar not null,
    step integer not null,
    metric varchar not null,
    value double not null
);
