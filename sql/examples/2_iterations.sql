/*
title: What did every iteration bring?
why: >-
  Which policies came into use, on which reviews, and whether the texts of test users became better by it. Equal data
  versions are equal reviews.
columns:
  iteration: turn of the loop
  data: beginning of the data version
  pairs: preference pairs of both agents
  in_use: policies in use after the iteration
  dataset: the dataset
  n: test examples
  rouge1: of the texts with these policies, 0 to 1
  gain: of the same examples over the agents as shipped
  gain_low: lower bound of its interval
  gain_high: upper bound of its interval
*/
with
iterations as (
    select
        iteration,
        any_value(data_version)[:8] as data,
        sum(n_pairs)::bigint as pairs,
        string_agg(policy_after, ', ' order by agent) as in_use
    from mart.iterations
    group by iteration
),

scores as (
    select *
    from mart.leaderboard
    where
        arm = 'pat' and task = 'long' and metric = 'rouge1' and split = 'test'
        and history_bucket = 'all' and flagged_users = 'in' and n > 0
)

select
    iterations.iteration,
    iterations.data,
    iterations.pairs,
    iterations.in_use,
    scores.dataset,
    scores.n,
    round(scores.mean, 3) as rouge1,
    round(scores.diff_vs_reference, 3) as gain,
    round(scores.diff_ci_low, 3) as gain_low,
    round(scores.diff_ci_high, 3) as gain_high
from iterations
left join scores using (iteration)
order by iterations.iteration, scores.dataset
