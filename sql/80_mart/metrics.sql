/*
grain: one row per metric
why: What the numbers of the leaderboard mean, which of them training may chase, and why one is missing.
kind: table
columns:
  metric: name, as in evaluation.scores and mart.leaderboard
  place: order in which a reader wants to see them, 1 first
  tasks: tasks that it is measured for, separated by commas
  better: higher, lower, or neither where it depends
  unit: unit of its values
  rewardable: whether training may aim at it, that is, whether a recipe may make the quality Q of it
  needs: what a text must have for a value, null where every text has one
  description: what it measures, and by which definition
  absent_reason: why it has no value in this warehouse, null where it has
*/
create table mart.metrics (
    metric varchar not null,
    place integer not null,
    tasks varchar not null,
    better varchar not null,
    unit varchar not null,
    rewardable boolean not null,
    needs varchar,
    description varchar not null,
    absent_reason varchar
);
