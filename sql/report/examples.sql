/*
title: Ten texts, drawn by hash
why: >-
  Nobody picked them: of the test examples that the arms answered, the ten whose ids have the smallest hash. What the
  user really wrote stands beside what the arms wrote.
columns:
  dataset: the dataset
  task: the task
  example_place: 1 to 10
  example_id: the example
  history_bucket: visible own reviews of the user
  input: what the user gave
  target: what the user really wrote
  arm: way to write
  family: kind of arm
  iteration: newest turn of the loop in which the arm was evaluated
  text: what it wrote
  metric: metric of the task
  value: metric of this text against the target
  style_summary: what the style agent told the generator
  topic_summary: what the topic agent told the generator
*/
with
headlines (task, metric) as (
    values ('long', 'rouge1'), ('short', 'rouge1'), ('rating', 'rating_absolute_error')
),

-- five texts fit side by side: ours first, then what must break it and what it must beat
wanted (place, arm) as (
    values
    (1, 'pat'), (2, 'pat_untrained'), (3, 'pat_random_donors'), (4, 'none'), (5, 'mbr_sentences'),
    (6, 'oracle_review'), (7, 'bm25_review'), (8, 'random_topic_review'), (9, 'neighbor_mean_rating')
),

predictions as (
    select * from evaluation.predictions
),

examples as (
    select * from feature.examples
),

scores as (
    select * from evaluation.scores
),

arms as (
    select * from mart.arms
),

answered as (
    select
        examples.dataset,
        examples.task,
        examples.example_id,
        count(distinct predictions.arm) as n_arms
    from predictions
    inner join wanted using (arm)
    inner join examples using (example_id)
    group by examples.dataset, examples.task, examples.example_id
),

-- those that most of these arms answered come first, so that there is something to compare
ten as (
    select
        *,
        row_number() over (
            partition by dataset, task
            order by n_arms desc, md5(example_id) asc, example_id asc
        ) as example_place
    from answered
    qualify example_place <= 10
),

texts as (
    select
        ten.example_place,
        wanted.place,
        examples.dataset,
        examples.task,
        examples.history_bucket,
        examples.input,
        examples.target,
        predictions.*
    from predictions
    inner join ten using (example_id)
    inner join examples using (example_id)
    inner join wanted using (arm)
    qualify
        predictions.iteration
        = max(predictions.iteration) over (partition by examples.dataset, examples.task, predictions.arm)
),

chosen as (
    select *
    from texts
    qualify dense_rank() over (partition by dataset, task order by place) <= 5
)

select
    chosen.dataset,
    chosen.task,
    chosen.example_place,
    chosen.example_id,
    chosen.history_bucket,
    chosen.input,
    chosen.target,
    chosen.arm,
    arms.family,
    chosen.iteration,
    chosen.text,
    headlines.metric,
    scores.value,
    chosen.style_summary,
    chosen.topic_summary
from chosen
inner join arms using (arm)
inner join headlines using (task)
left join scores using (iteration, arm, example_id, metric)
order by chosen.dataset, chosen.task, chosen.example_place, chosen.place
