/*
grain: one row per iteration, dataset, task, split, history bucket, flagged users in or out, arm and metric
why: >
  The comparison of all arms: every mean with an interval, every difference paired, tested and corrected for the
  number of arms; a cell without a number says why.
kind: table
partition: iteration
columns:
  dataset: dataset of the examples
  task: long, a text from its title; short, a title from its text; rating, 1 to 5 from both
  split: test, users that no agent was trained on and no policy chosen by
  history_bucket: how many own reviews the user has that may be shown, 0, 1, 2-3, 4-7 or 8+; all for every user
  flagged_users: in, with users whom the audit does not believe to be one person; out, without them
  arm: way to write the text, see mart.arms
  iteration: turn of the loop
  metric: name of the metric, see mart.metrics
  n: examples behind the mean; an arm that has nothing to copy leaves some out
  mean: mean of the metric; rmse is the root of the mean squared error; null without examples
  ci_low: lower bound of its confidence interval, percentile bootstrap; null for fewer than two examples
  ci_high: upper bound of that interval
  reference_arm: arm compared with, null for none
  n_paired: examples that both arms answered; null where the reference has no such metric
  diff_vs_reference: mean difference to the reference arm on these examples
  diff_ci_low: lower bound of its paired bootstrap interval
  diff_ci_high: upper bound of that interval
  p_value: >-
    how often a difference as large as this would come by chance if there was none, two-sided paired sign-flip test;
    for rmse the test is of squared errors
  p_holm: p_value corrected (Holm) for the number of arms compared on the same examples and metric; trust this one
  note: why a number is missing or not to be trusted; null where nothing stands out
*/
create table mart.leaderboard (
    dataset varchar not null,
    task varchar not null,
    split varchar not null,
    history_bucket varchar not null,
    flagged_users varchar not null,
    arm varchar not null,
    iteration varchar not null,
    metric varchar not null,
    n bigint not null,
    mean double,
    ci_low double,
    ci_high double,
    reference_arm varchar,
    n_paired bigint,
    diff_vs_reference double,
    diff_ci_low double,
    diff_ci_high double,
    p_value double,
    p_holm double,
    note varchar
);
