/*
grain: one row per text, the answer of an arm to a held-out example in an iteration or the answer to a request
why: The texts themselves, beside what was asked, what was known and, for held-out examples, what the user really wrote.
columns:
  iteration: turn of the loop
  arm: way to write the text, see mart.arms; pat for every request
  example_id: held-out example, null for a request
  dataset: dataset of the example or request
  task: long, a text from its title; short, a title from its text; rating, 1 to 5 from both
  split: split of the user, null for one who has written nothing
  user_id: for whom the text was written
  topic_id: what it is about
  history_bucket: number of visible own reviews, as 0, 1, 2-3, 4-7 or 8+
  user_is_flagged: whether the audit says that the user is not one person
  input: what the user gave
  text: what was written
  target: what the user really wrote, null for a request
  style_summary: style summary shown, null for nothing
  topic_summary: topic summary shown, null for nothing
  rouge1: ROUGE-1 of text against target, 0 to 1; null for a request
  source: evaluation, or request for a text that somebody asked for
  request_id: request that the text answers, null for an evaluation
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
),

answers as (
    select * from request.answers
),

users as (
    select user_id, split from staging.users
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
    rouge1.value as rouge1,
    'evaluation' as source,
    null::varchar as request_id
from predictions
inner join examples using (example_id)
left join rouge1 using (iteration, arm, example_id)
union all
select
    answers.iteration,
    'pat' as arm,
    null as example_id,
    answers.dataset,
    answers.task,
    users.split,
    answers.user_id,
    answers.topic_id,
    answers.history_bucket,
    answers.user_is_flagged,
    answers.input,
    answers.text,
    null as target,
    answers.style_summary,
    answers.topic_summary,
    null as rouge1,
    'request' as source,
    answers.request_id
from answers
left join users using (user_id)
