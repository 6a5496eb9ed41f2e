/*
title: Some texts to explain
why: What `pat explain` lists without an id, of each dataset and task the least and the most known user's text.
variables: {}
columns:
  id: example_id or request_id
  source: evaluation or request
  dataset: dataset of the example or request
  task: long, short or rating
  history_size: visible reviews of the user; 0 is the cold start
  iteration: newest turn of the loop that wrote it
  n_arms: ways in which it was written
*/
with
predictions as (
    select * from evaluation.predictions
),

examples as (
    select * from feature.examples
),

answers as (
    select * from request.answers
),

texts as (
    select
        'evaluation' as source,
        predictions.example_id as id,
        examples.dataset,
        examples.task,
        examples.history_size,
        max(predictions.iteration) as iteration,
        count(distinct predictions.arm) as n_arms
    from predictions
    inner join examples using (example_id)
    group by predictions.example_id, examples.dataset, examples.task, examples.history_size
    union all
    select
        'request' as source,
        request_id as id,
        dataset,
        task,
        history_size,
        iteration,
        1 as n_arms
    from answers
),

-- drawn by hash among equals
placed as (
    select
        *,
        row_number() over (
            partition by source, dataset, task
            order by history_size, md5(id), id
        ) as least,
        row_number() over (
            partition by source, dataset, task
            order by history_size desc, md5(id) asc, id asc
        ) as most
    from texts
)

select
    id,
    source,
    dataset,
    task,
    history_size,
    iteration,
    n_arms
from placed
where least = 1 or most = 1
order by source, dataset, task, history_size, id
