/*
title: All metrics of all arms
why: One column per metric; a dash where a metric has no value, with the reason.
columns:
  dataset: the dataset
  task: the task
  arm: way to write
  iteration: newest turn of the loop in which it was evaluated
  metric: the metric
  n: examples with a value
  mean: mean of the metric
  note: why a number is missing
*/
with
board as (
    select * from mart.leaderboard
    where split = 'test' and history_bucket = 'all' and flagged_users = 'in'
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
    newest.arm,
    newest.iteration,
    newest.metric,
    newest.n,
    newest.mean,
    newest.note
from newest
inner join arms using (arm)
order by newest.dataset, newest.task, arms.place, newest.metric
