/*
title: Whether the judge can judge
why: >-
  A judge that cannot tell a user's own text from another's measures nothing. Agreement is how often the better text
  got the higher grade; half is chance.
columns:
  dataset: the dataset
  task: the task
  base_model: the judge
  better: text known to be better
  worse: text known to be worse
  n: examples of which both replies could be read
  n_unreadable: examples of which one could not
  mean_better: mean grade of the better text, from one to seven
  mean_worse: mean grade of the worse text
  agreement: share of examples in which the better text got the higher grade, ties as halves
  ci_low: lower bound of its interval
  ci_high: upper bound of its interval
  judge_is_usable: whether all comparisons of the dataset and task hold
*/
with
quality as (
    select * from evaluation.judge_quality
),

newest as (
    select *
    from quality
    qualify iteration = max(iteration) over (partition by dataset, task)
)

select
    dataset,
    task,
    base_model,
    better,
    worse,
    n,
    n_unreadable,
    mean_better,
    mean_worse,
    agreement,
    ci_low,
    ci_high,
    judge_is_usable
from newest
order by dataset asc, task asc, better desc, worse asc
