/*
title: The tests behind the verdicts
why: Paired differences, without users whom the audit flags. The gray stripe is what is too small to matter.
asset: mart.verdict_tests
columns:
  dataset: the dataset
  task: the task
  claim: claim that the test belongs to
  test: number of the test
  iteration: turn of the loop
  arm: arm tested
  other_iteration: turn of the loop of the arm compared with
  other_arm: arm compared with, null for the value zero
  metric: metric compared
  history_bucket: visible own reviews of the users, or all
  n: examples that both answered
  diff: mean difference
  ci_low: lower bound of its interval
  ci_high: upper bound of its interval
  p_holm: largest p-value of the claim's tests, corrected for the number of claims
  smallest_effect: smallest difference that matters
  outcome: what the test says
  note: why a number is missing
*/
with
tests as (
    select * from mart.verdict_tests
),

newest as (
    select *
    from tests
    qualify iteration = max(iteration) over (partition by dataset)
)

select
    dataset,
    task,
    claim,
    test,
    iteration,
    arm,
    other_iteration,
    other_arm,
    metric,
    history_bucket,
    n,
    diff,
    ci_low,
    ci_high,
    p_holm,
    smallest_effect,
    outcome,
    note
from newest
order by dataset, task, claim, test
