/*
title: What a text costs
why: >-
  Tokens of all calls behind one text, the agents' too. Seconds are those of the machine that wrote it, and differ
  elsewhere.
columns:
  dataset: the dataset
  task: the task
  family: kind of arm
  arm: way to write
  n: texts
  prompt_tokens: tokens read, a text
  completion_tokens: tokens written, a text
  seconds: seconds a text, as measured
*/
with
predictions as (
    select * from evaluation.predictions
),

examples as (
    select * from feature.examples
),

seconds as (
    select * from ops.arm_seconds
),

arms as (
    select * from mart.arms
),

newest as (
    select
        examples.dataset,
        examples.task,
        predictions.*
    from predictions
    inner join examples using (example_id)
    qualify
        predictions.iteration
        = max(predictions.iteration) over (partition by examples.dataset, examples.task, predictions.arm)
),

tokens as (
    select
        dataset,
        task,
        iteration,
        arm,
        count(*) as n,
        sum(prompt_tokens) / count(*) as prompt_tokens,
        sum(completion_tokens) / count(*) as completion_tokens
    from newest
    group by dataset, task, iteration, arm
)

select
    tokens.dataset,
    tokens.task,
    arms.family,
    tokens.arm,
    tokens.n,
    tokens.prompt_tokens,
    tokens.completion_tokens,
    seconds.seconds
from tokens
inner join arms using (arm)
left join seconds using (dataset, task, iteration, arm)
order by tokens.dataset, tokens.task, arms.place
