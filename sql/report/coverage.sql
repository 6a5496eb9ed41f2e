/*
title: How much evidence there is, by how much is known of the user
why: >-
  Agents can only summarize what retrieval finds. Users without own reviews should be shown as much as others; where
  a line of the same topic falls, near topics have to stand in.
asset: mart.datasets
columns:
  dataset: the dataset
  task: the task
  history_bucket: visible own reviews of the user
  evidence: what is shown, and to which agent
  n: selected examples
  mean: reviews shown for an example, on average
  n_without: examples that are shown none
*/
with
examples as (
    select
        dataset,
        task,
        history_bucket,
        example_id
    from feature.examples
    where is_selected
),

kinds (place, evidence) as (
    values (1, 'style: nearest donors'), (2, 'topic: same topic'), (3, 'topic: near topics')
),

rows_shown as (
    select example_id, 1 as place from context.style_reviews
    union all
    select example_id, if(source = 'exact', 2, 3) as place from context.topic_reviews
),

counted as (
    select
        examples.dataset,
        examples.task,
        examples.history_bucket,
        examples.example_id,
        kinds.place,
        kinds.evidence,
        count(rows_shown.example_id) as n_shown
    from examples
    cross join kinds
    left join rows_shown using (example_id, place)
    group by all
)

select
    dataset,
    task,
    history_bucket,
    evidence,
    count(*) as n,
    avg(n_shown) as mean,
    count(*) filter (where n_shown = 0) as n_without
from counted
group by dataset, task, history_bucket, place, evidence
order by dataset, task, history_bucket, place
