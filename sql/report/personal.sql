/*
title: Personal, or the consensus of the neighbors
why: >-
  Specificity is quality against the user's own text, less quality against what other users wrote on the same topic.
  Consensus scores zero however fluent it is; only text that fits this user is above.
asset: mart.leaderboard
columns:
  dataset: the dataset
  task: the task
  family: kind of arm
  arm: way to write
  metric: specificity, or style_likeness to the hidden target by an encoder that retrieval does not use
  n: examples with a value
  mean: mean of the metric
  ci_low: lower bound of its interval
  ci_high: upper bound of its interval
  note: why a number is missing
*/
with
board as (
    select * from mart.leaderboard
    where
        split = 'test'
        and history_bucket = 'all'
        and flagged_users = 'in'
        and metric in ('specificity', 'style_likeness')
),

newest as (
    select *
    from board
    qualify iteration = max(iteration) over (partition by dataset, task, arm)
),

arms as (
    select * from mart.arms
)

select
    newest.dataset,
    newest.task,
    arms.family,
    newest.arm,
    newest.metric,
    newest.n,
    newest.mean,
    newest.ci_low,
    newest.ci_high,
    newest.note
from newest
inner join arms using (arm)
order by newest.dataset, newest.task, newest.metric, arms.place
