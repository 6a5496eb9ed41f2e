/*
title: Every arm between floors and ceiling
why: >-
  Floors need no language model: they copy. The gray band spans them, the green one is the ceiling of copying
  one review, chosen by looking at the answer. What does not leave the gray band has shown nothing.
asset: mart.leaderboard
columns:
  dataset: the dataset
  task: the task
  family: floor, ceiling, baseline, pat, ablation or falsification
  arm: way to write
  description: what it does
  iteration: newest turn of the loop in which it was evaluated
  metric: metric of the task
  better: higher or lower
  n: examples it answered
  mean: mean of the metric
  ci_low: lower bound of its interval
  ci_high: upper bound of its interval
  reference_arm: arm compared with
  diff: mean difference on the examples that both answered
  diff_ci_low: lower bound of its interval
  diff_ci_high: upper bound of its interval
  p_holm: p-value of the difference, corrected for the number of arms
  mean_without_flagged: mean without users whom the audit flags
  note: why a number is missing
*/
with
headlines (task, metric, better) as (
    values ('long', 'rouge1', 'higher'), ('short', 'rouge1', 'higher'), ('rating', 'mae', 'lower')
),

board as (
    select * from mart.leaderboard
    where split = 'test' and history_bucket = 'all'
),

newest as (
    select *
    from board
    inner join headlines using (task, metric)
    qualify board.iteration = max(board.iteration) over (partition by board.dataset, board.task, board.arm)
),

without_flagged as (
    select dataset, task, arm, iteration, mean as mean_without_flagged
    from newest
    where flagged_users = 'out'
),

arms as (
    select * from mart.arms
)

select
    newest.dataset,
    newest.task,
    arms.family,
    newest.arm,
    arms.description,
    newest.iteration,
    newest.metric,
    newest.better,
    newest.n,
    newest.mean,
    newest.ci_low,
    newest.ci_high,
    newest.reference_arm,
    newest.diff_vs_reference as diff,
    newest.diff_ci_low,
    newest.diff_ci_high,
    newest.p_holm,
    without_flagged.mean_without_flagged,
    newest.note
from newest
inner join arms using (arm)
left join without_flagged using (dataset, task, arm, iteration)
where newest.flagged_users = 'in'
order by newest.dataset, newest.task, arms.place
