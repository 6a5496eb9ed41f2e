/*
title: What do people get who have never written anything?
why: >-
  The product is for them. A text is worth something if it beats what copying a review reaches (floors) and what the
  model writes without evidence (none); specificity above 0 says that it fits this user more than anybody.
columns:
  dataset: the dataset
  arm: way to write
  family: what kind of arm it is
  n: test examples of users without any review of their own
  rouge1: words in common with what the user really wrote, 0 to 1
  low: lower bound of its interval
  high: upper bound of its interval
  specificity: how much better it fits the user than others who wrote on the topic
*/
with
board as (
    select *
    from mart.leaderboard
    where task = 'long' and history_bucket = '0' and flagged_users = 'in' and n > 0
    qualify iteration = max(iteration) over (partition by dataset)
),

arms as (
    select * from mart.arms
),

specificity as (
    select dataset, arm, mean as specificity
    from board
    where metric = 'specificity'
)

select
    board.dataset,
    board.arm,
    arms.family,
    board.n,
    round(board.mean, 3) as rouge1,
    round(board.ci_low, 3) as low,
    round(board.ci_high, 3) as high,
    round(specificity.specificity, 3) as specificity
from board
inner join arms using (arm)
left join specificity using (dataset, arm)
where board.metric = 'rouge1' and arms.family in ('pat', 'floor', 'ceiling', 'baseline')
order by board.dataset asc, board.mean desc, board.arm asc
