/*
title: Which texts would have been better copied from a neighbor?
why: >-
  Means hide failures. The examples that lose most against a review of the most similar user, copied as it is, show
  what goes wrong; read the texts with --wide.
columns:
  example_id: the example; `pat explain` shows everything behind its text
  lost: ROUGE-1 of the copied review less that of the written text
  input: what the user gave
  style_summary: what the style agent said
  topic_summary: what the topic agent said
  text: what was written
  copied: the neighbor's review
  target: what the user really wrote
*/
with
texts as (
    select *
    from mart.personalized_texts
    where task = 'long' and rouge1 is not null
    qualify iteration = max(iteration) over (partition by dataset)
),

written as (
    select * from texts
    where arm = 'pat'
),

copied as (
    select iteration, example_id, text, rouge1
    from texts
    where arm = 'neighbor_review'
)

select
    written.example_id,
    round(copied.rouge1 - written.rouge1, 3) as lost,
    written.input,
    written.style_summary,
    written.topic_summary,
    written.text,
    copied.text as copied,
    written.target
from written
inner join copied using (iteration, example_id)
where copied.rouge1 > written.rouge1
order by lost desc, written.example_id asc
limit 3
