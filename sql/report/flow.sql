/*
title: How a text comes about
why: >-
  Every step is a table, every number its rows over all iterations. The loop is the right part: what helped becomes
  preference pairs, the agents are trained on them, and a trained agent is used only where it beats the one before.
columns:
  place: order of the step
  lane: part of the picture
  step: what happens
  table_name: where the result lies
  meaning: in words
  n_rows: rows of the table; null where it was never made
*/
with
steps (place, lane, step, table_name, meaning) as (
    values
    (1, 'data', 'Reviews', 'staging.reviews', 'read, cleaned, split by user'),
    (2, 'data', 'Examples', 'feature.examples', 'an input, and a target that stays hidden'),
    (3, 'evidence', 'Style evidence', 'context.style_reviews', 'reviews by people who write alike'),
    (4, 'evidence', 'Topic evidence', 'context.topic_reviews', 'what aligned people say about the topic'),
    (5, 'writing', 'Summaries', 'rollout.summaries', 'two agents, each with its own evidence'),
    (6, 'writing', 'Drafts', 'rollout.drafts', 'a frozen generator: input and summaries'),
    (7, 'learning', 'Rewards', 'rollout.rewards', 'quality with a summary, less quality without'),
    (8, 'learning', 'Pairs', 'preference.pairs', 'a better summary before a worse one'),
    (9, 'learning', 'Policies', 'policy.policies', 'trained on pairs, tried, promoted or not'),
    (10, 'proof', 'Texts of all arms', 'evaluation.predictions', 'floors, baselines, ours, falsifications'),
    (11, 'proof', 'Leaderboard', 'mart.leaderboard', 'means and differences with intervals'),
    (12, 'proof', 'Verdicts', 'mart.verdicts', 'claims, each decided by tests')
),

newest as (
    select *
    from ops.materializations
    qualify row_number() over (partition by table_name, iteration order by started_at desc) = 1
),

counted as (
    select
        table_name,
        sum(rows)::bigint as n_rows
    from newest
    group by table_name
)

select
    steps.place,
    steps.lane,
    steps.step,
    steps.table_name,
    steps.meaning,
    counted.n_rows
from steps
left join counted using (table_name)
order by steps.place
