/*
grain: one row per iteration, dataset, task, split, history bucket, arm and metric
why: The comparison of all arms; every mean has an interval, every difference a paired one.
kind: table
partition: iteration
columns:
  dataset: dataset of the examples
  task: what was written, long is a text from its title
  split: split of the users
  history_bucket: number of visible own reviews, or all
  arm: way to fill the prompt
  iteration: turn of the loop
  metric: name of the metric
  n: examples behind the mean
  mean: mean of the metric
  ci_low: lower bound of its bootstrap interval
  ci_high: upper bound of its bootstrap interval
  reference_arm: arm compared with
  diff_vs_reference: mean difference to the reference arm on the same examples
  diff_ci_low: lower bound of its paired bootstrap interval
  diff_ci_high: upper bound of its paired bootstrap interval
*/
create table mart.leaderboard (
    dataset varchar not null,
    task varchar not null,
    split varchar not null,
    history_bucket varchar not null,
    arm varchar not null,
    iteration varchar not null,
    metric varchar not null,
    n bigint not null,
    mean double not null,
    ci_low double,
    ci_high double,
    reference_arm varchar,
    diff_vs_reference double,
    diff_ci_low double,
    diff_ci_high double
);
