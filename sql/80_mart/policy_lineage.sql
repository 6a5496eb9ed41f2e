/*
grain: one row per policy and ancestor that its training rests on, itself among them
why: >
  A policy continues its parent, so the preference pairs of all its ancestors shaped it. Join preference.pairs by
  agent and iteration to read them.
columns:
  policy_id: the policy
  generation: 0 for the policy itself, 1 for its parent, and so on
  ancestor_policy_id: the ancestor
  agent: style or topic
  iteration: turn of the loop that trained the ancestor, on the pairs of that iteration and agent
  parent_policy_id: policy that the ancestor was trained from; null where that is the base model
  base_model: model below the adapter
  status: >-
    of the ancestor, in_use, superseded by a later one, rejected at promotion, skipped, or retrain: it learned from a
    user who was forgotten, its weights are gone
  reason: why the ancestor was promoted, rejected or not trained
  n_pairs: preference pairs that the ancestor was trained on, its own ancestors' not counted; 0 where it was not
  n_pairs_kept: of these, the pairs that preference.pairs holds today
  pairs_are_those: whether the pairs that it holds today are, text by text, those the ancestor was trained on
  sha256: hash of the ancestor's weights; null where it was not trained
*/
with recursive
policies as (
    select * from policy.policies
),

pairs as (
    select * from preference.pairs
),

kept as (
    select
        iteration,
        agent,
        count(*) as n_pairs_kept,
        -- as in preference.readiness
        sha256(
            string_agg(
                sha256(to_json([example_id, chosen, rejected])::varchar), '' order by example_id
            )
        ) as pairs_version
    from pairs
    group by iteration, agent
),

ancestors as (
    select
        policy_id,
        0 as generation,
        policy_id as ancestor_policy_id,
        parent_policy_id
    from policies
    union all
    select
        ancestors.policy_id,
        ancestors.generation + 1 as generation,
        parents.policy_id as ancestor_policy_id,
        parents.parent_policy_id
    from ancestors
    inner join policies as parents on ancestors.parent_policy_id = parents.policy_id
    -- no policy is its own ancestor; a broken table must not turn for ever
    where ancestors.generation < (select count(*) from policies)
)

select
    ancestors.policy_id,
    ancestors.generation,
    ancestors.ancestor_policy_id,
    policies.agent,
    policies.iteration,
    policies.parent_policy_id,
    policies.base_model,
    policies.status,
    policies.reason,
    if(policies.status = 'skipped', 0, policies.n_pairs) as n_pairs,
    coalesce(kept.n_pairs_kept, 0) as n_pairs_kept,
    coalesce(kept.pairs_version = policies.data_version, false) as pairs_are_those,
    policies.sha256
from ancestors
inner join policies on ancestors.ancestor_policy_id = policies.policy_id
left join kept on policies.iteration = kept.iteration and policies.agent = kept.agent
