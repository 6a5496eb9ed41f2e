/*
title: What does a better text cost?
why: >-
  An arm that reads ten times as much must be worth it. Tokens are what a language model bills and waits for.
columns:
  dataset: the dataset
  arm: way to write; only those with a language model
  n: test examples
  read: tokens that the model reads for one text, agents and generator together
  written: tokens that it writes for one text
  rouge1: words in common with what the user really wrote, 0 to 1
  per_thousand: ROUGE-1 over that of `none`, for every thousand tokens more than `none` reads and writes
*/
with
board as (
    select *
    from mart.leaderboard
    where task = 'long' and history_bucket = 'all' and flagged_users = 'in' and n > 0
    qualify iteration = max(iteration) over (partition by dataset)
),

wide as (
    select
        dataset,
        arm,
        max(n) as n,
        max(mean) filter (where metric = 'prompt_tokens') as tokens_read,
        max(mean) filter (where metric = 'completion_tokens') as tokens_written,
        max(mean) filter (where metric = 'rouge1') as rouge1
    from board
    group by dataset, arm
),

baseline as (
    select * from wide
    where arm = 'none'
),

gains as (
    select
        wide.*,
        wide.rouge1 - baseline.rouge1 as gain,
        wide.tokens_read + wide.tokens_written - baseline.tokens_read - baseline.tokens_written as more
    from wide
    left join baseline using (dataset)
    where wide.tokens_written > 0
)

select
    dataset,
    arm,
    n,
    round(tokens_read, 1) as read,
    round(tokens_written, 1) as written,
    round(rouge1, 3) as rouge1,
    if(more > 0, round(1000 * gain / more, 3), null) as per_thousand
from gains
order by dataset asc, per_thousand desc nulls last, rouge1 desc, arm asc
