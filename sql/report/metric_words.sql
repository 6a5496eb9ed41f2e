/*
title: What the metrics are
why: Those marked as reward are what the agents are trained on; the others are not.
columns:
  metric: the metric
  tasks: tasks it is computed for
  better: higher, lower, or neither
  unit: unit of its values
  rewardable: whether a recipe may train on it
  description: what it is
  absent_reason: why it has no value here
*/
select
    metric,
    tasks,
    better,
    unit,
    rewardable,
    description,
    absent_reason
from mart.metrics
order by metric
