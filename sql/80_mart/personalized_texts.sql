/*
grain: one row per iteration, arm and held-out example
why: The texts themselves, beside what was asked, what was known and what the user really wrote.
columns:
  iteration: turn of the loop
  arm: way to fill the prompt
  example_id: held-out example
  dataset: dataset of the example
  task: long, a text from its title
  split: split of the user
  user_id: for whom the text was written
  topic_id: what it is about
  history_bucket: number of visible own reviews
  user_is_flagged: whether the audit says that the user is not one person
  input: what the user gave
  text: what was written
  target: what the user really wrote
  style_summary: style summary shown, null for nothing
  topic_summary: topic summary shown, null for nothing
  rouge1: ROUGE-1 of text against target, 0 to 1
*/
with
predictions as (
    select * from evaluation.predictions
),

rouge1 as (
    select iteration, arm, example_id, value
    from evaluation.scores
    where metric = 'rouge1'
),

examples as (
    select * from feature.examples
)

select
    predictions.iteration,
    predictions.arm,
    predictions.example_id,
    examples.dataset,
    examples.task,
    examples.split,
    examples.user_id,
    examples.topic_id,
    examples.history_bucket,
    examples.user_is_flagged,
    examples.input,
    predictions.text,
    examples.target,
    predictions.style_summary,
    predictions.topic_summary,
    rouge1.value as rouge1
from predictions
inner join examples using (example_id)
left join rouge1 using (iteration, arm, example_id)
