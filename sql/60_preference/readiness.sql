/*
grain: one row per iteration and agent
why: Whether an iteration has enough pairs, far enough apart, to be worth training an agent on.
partition: iteration
in_metadata: true
columns:
  iteration: turn of the loop
  agent: style or topic
  n_examples: train examples with sampled summaries
  n_pairs: preference pairs
  mean_spread: mean over those examples of best minus worst reward of the sampled summaries; 0 without any
  min_pairs: least number of pairs, from the recipe
  min_spread: least mean spread, from the recipe
  is_ready: whether both are reached
  reason: the numbers that decided, in words
  pairs_version: hash of the pairs; the retraining sensor starts once for each
*/
with
summaries as (
    select * from rollout.summaries
    where iteration = getvariable('iteration')
),

rewards as (
    select * from rollout.rewards
    where iteration = getvariable('iteration')
),

pairs as (
    select * from preference.pairs
    where iteration = getvariable('iteration')
),

agents as (
    select distinct iteration, agent
    from summaries
),

spreads as (
    select
        agent,
        example_id,
        -- decimals add up exactly, whatever the order of the rows
        (max(differential_reward) - min(differential_reward))::decimal(18, 12) as spread
    from rewards
    where candidate > 0
    group by agent, example_id
),

spread_by_agent as (
    select
        agent,
        count(*) as n_examples,
        sum(spread)::double / count(*) as mean_spread
    from spreads
    group by agent
),

pairs_by_agent as (
    select
        agent,
        count(*) as n_pairs,
        string_agg(
            sha256(to_json([example_id, chosen, rejected])::varchar), '' order by example_id
        ) as contents
    from pairs
    group by agent
),

counted as (
    select
        agents.iteration,
        agents.agent,
        coalesce(spread_by_agent.n_examples, 0) as n_examples,
        coalesce(pairs_by_agent.n_pairs, 0) as n_pairs,
        coalesce(spread_by_agent.mean_spread, 0) as mean_spread,
        getvariable('min_pairs')::bigint as min_pairs,
        getvariable('min_spread')::double as min_spread,
        sha256(coalesce(pairs_by_agent.contents, '')) as pairs_version
    from agents
    left join spread_by_agent using (agent)
    left join pairs_by_agent using (agent)
),

decided as (
    select
        *,
        n_pairs >= min_pairs as has_pairs,
        -- rounded, so that a spread of exactly the least one counts
        round(mean_spread, 9) >= min_spread as has_spread
    from counted
)

select
    iteration,
    agent,
    n_examples,
    n_pairs,
    mean_spread,
    min_pairs,
    min_spread,
    has_pairs and has_spread as is_ready,
    format(
        '{} pairs of {} examples, at least {} are needed{}; mean spread {:.4f}, at least {:.4f} is needed{}',
        n_pairs,
        n_examples,
        min_pairs,
        if(has_pairs, '', ': too few'),
        mean_spread,
        min_spread,
        if(has_spread, '', ': too little')
    ) as reason,
    pairs_version
from decided
