/*
title: Quality, length and copying by iteration
why: >-
  On test examples. A score that rises because texts grow longer or copy more has not become more personal.
asset: mart.leaderboard
columns:
  dataset: the dataset
  task: the task
  arm: way to write
  family: kind of arm
  iteration: turn of the loop
  metric: metric of the task, specificity, words relative to the target's, or copied words in a row
  n: examples
  mean: mean of the metric
  ci_low: lower bound of its interval
  ci_high: upper bound of its interval
*/
with
wanted (metric_place, metric) as (
    values
    (1, 'rouge1'), (1, 'mae'), (2, 'specificity'), (3, 'length_ratio'), (4, 'copied_run')
),

board as (
    select * from mart.leaderboard
    where split = 'test' and history_bucket = 'all' and flagged_users = 'in' and n > 0
),

arms as (
    select * from mart.arms
)

select
    board.dataset,
    board.task,
    board.arm,
    arms.family,
    board.iteration,
    board.metric,
    board.n,
    board.mean,
    board.ci_low,
    board.ci_high
from board
inner join wanted using (metric)
inner join arms using (arm)
where board.arm in ('pat', 'pat_untrained', 'pat_random_donors', 'none')
order by board.dataset, board.task, wanted.metric_place, board.metric, arms.place, board.iteration
