/*
grain: one row per policy that an iteration made or skipped
why: The history of every agent's weights; parents link the iterations.
columns:
  policy_id: the policy
  agent: style or topic
  iteration: turn of the loop that made it
  parent_policy_id: policy it was trained from
  base_model: model below the adapter
  path: folder of the adapter below the policies folder; null where training was skipped
  sha256: hash of the adapter weights; null where training was skipped
  n_pairs: preference pairs it was trained on
  data_version: hash of those pairs
  status: >-
    in_use, superseded by a later one, rejected at promotion, skipped, or retrain: it learned from a user who was
    forgotten, its weights are gone
  reason: why it was promoted, rejected or not trained, with the numbers that decided
  metrics: JSON object of training metrics
*/
with
adapters as (
    select * from policy.adapters
),

promotions as (
    select * from policy.promotions
),

decided as (
    select
        adapters.*,
        coalesce(promotions.promoted, false) as promoted,
        coalesce(if(adapters.status = 'trained', promotions.reason, null), adapters.reason) as decision
    from adapters
    left join promotions using (policy_id, agent, iteration)
),

latest_promoted as (
    select
        agent,
        max(iteration) as iteration
    from decided
    where promoted and status = 'trained'
    group by agent
)

select
    decided.policy_id,
    decided.agent,
    decided.iteration,
    decided.parent_policy_id,
    decided.base_model,
    decided.path,
    decided.sha256,
    decided.n_pairs,
    decided.data_version,
    case
        when decided.status in ('skipped', 'retrain') then decided.status
        when not decided.promoted then 'rejected'
        when decided.iteration = latest_promoted.iteration then 'in_use'
        else 'superseded'
    end as status,
    decided.decision as reason,
    decided.metrics
from decided
left join latest_promoted using (agent)
