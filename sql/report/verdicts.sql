/*
title: What holds, and what does not
why: >-
  The claims were fixed before the numbers. Each is one or more tests, and all must hold. Refuted means that an
  interval lies below the smallest effect that matters; undecided means that the data do not tell.
columns:
  dataset: the dataset
  task: the task
  iteration: turn of the loop
  claim: short name
  statement: the claim in words
  verdict: supported, refuted or undecided
  reason: the numbers that decided
  n_tests: tests behind it
*/
with
verdicts as (
    select * from mart.verdicts
),

newest as (
    select *
    from verdicts
    qualify iteration = max(iteration) over (partition by dataset)
)

select
    dataset,
    task,
    iteration,
    claim,
    statement,
    verdict,
    reason,
    n_tests
from newest
order by
    dataset,
    task,
    case verdict when 'refuted' then 1 when 'undecided' then 2 else 3 end,
    claim
