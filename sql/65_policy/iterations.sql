/*
grain: one row per iteration
why: Whether another turn of the loop is worth its time.
partition: iteration
columns:
  iteration: turn of the loop
  n_trained: candidates that training made
  n_promoted: candidates that were promoted
  best_gain: highest mean gain in quality of a promoted candidate on validation examples; null without one
  continues: whether best_gain exceeds the recipe's stop_below
  reason: the numbers that decided, in words
*/
with
adapters as (
    select * from policy.adapters
    where iteration = getvariable('iteration')
),

promotions as (
    select * from policy.promotions
    where iteration = getvariable('iteration')
),

counted as (
    select
        adapters.iteration,
        count(*) filter (where adapters.status = 'trained') as n_trained,
        count(*) filter (where promotions.promoted) as n_promoted,
        max(promotions.mean_gain) filter (where promotions.promoted) as best_gain
    from adapters
    left join promotions using (iteration, agent)
    group by adapters.iteration
),

decided as (
    select
        *,
        getvariable('stop_below')::double as stop_below,
        coalesce(best_gain > getvariable('stop_below')::double, false) as continues
    from counted
),

worded as (
    select
        *,
        if(continues, 'go on: the best promoted gain', 'stop: the best promoted gain') as verdict,
        if(continues, 'exceeds', 'does not exceed') as comparison
    from decided
)

select
    iteration,
    n_trained,
    n_promoted,
    best_gain,
    continues,
    case
        when n_trained = 0 then 'stop: no agent had pairs worth training on'
        when n_promoted = 0 then format('stop: none of {} trained candidates was promoted', n_trained)
        else format('{} {:+.4f} {} {:+.4f}', verdict, best_gain, comparison, stop_below)
    end as reason
from worded
