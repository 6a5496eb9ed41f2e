/*
title: What was compared
why: Test examples alone; nobody was trained on them.
columns:
  dataset: the dataset
  task: long is a text from its title, short a title from its text, rating a number from both
  n_examples: test examples with at least one text
  n_users: users behind them
  share_cold: share of the examples whose user has no visible review
  n_arms: ways to write that were compared
  n_texts: arms times the examples they answered
  n_iterations: iterations with texts
*/
with
predictions as (
    select * from evaluation.predictions
),

examples as (
    select * from feature.examples
)

select
    examples.dataset,
    examples.task,
    count(distinct predictions.example_id) as n_examples,
    count(distinct examples.user_id) as n_users,
    count(distinct examples.example_id) filter (where examples.history_size = 0)
    / count(distinct examples.example_id) as share_cold,
    count(distinct predictions.arm) as n_arms,
    count(distinct predictions.arm || ' ' || predictions.example_id) as n_texts,
    count(distinct predictions.iteration) as n_iterations
from predictions
inner join examples using (example_id)
group by examples.dataset, examples.task
order by examples.dataset, case examples.task when 'long' then 1 when 'short' then 2 else 3 end
