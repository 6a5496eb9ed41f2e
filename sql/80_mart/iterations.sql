/*
grain: one row per iteration and agent
why: >
  The history of the loop: from which data and recipe an agent's policy came, whether it was promoted and by which
  numbers, and what was in use before and after. Scores are in mart.leaderboard. `pat history` prints both.
published_only: true
columns:
  iteration: turn of the loop
  agent: style or topic
  rolled_out_at: when its summaries were written, UTC; null where it was not recorded
  data_version: fingerprint of the reviews that the iteration was rolled out on; equal versions are equal reviews
  recipe: name of the recipe that the rollout was made with; null where it was not recorded
  recipe_sha256: fingerprint of that recipe; the whole text is in ops.recipes; null where it was not recorded
  code_version: fingerprint of the code that wrote the summaries
  policy_before: policy in use before, which wrote the summaries; base is the model as shipped
  policy_trained: policy that training made of them; null where it did not train, or has not yet
  policy_after: policy in use after the iteration
  n_pairs: preference pairs of the agent; null where they are not counted yet
  is_ready: whether the pairs were many enough and far enough apart to train on; null as for n_pairs
  promoted: whether the trained policy replaced the one before; null where nothing was trained
  n: validation examples that decided
  mean_gain: mean difference of quality on them, trained policy less the one before
  ci_low: lower bound of its interval
  ci_high: upper bound of its interval
  reason: why it was promoted, rejected or not trained, with the numbers that decided
*/
with
materializations as (
    select * from ops.materializations
),

recipes as (
    select * from ops.recipes
),

writers as (
    select
        iteration,
        agent,
        max(policy_id) as policy_id
    from rollout.summaries
    group by iteration, agent
),

readiness as (
    select * from preference.readiness
),

adapters as (
    select * from policy.adapters
),

promotions as (
    select * from policy.promotions
),

-- what the summaries in use were made of
rollouts as (
    select
        materializations.iteration,
        materializations.upstream_versions ->> '$."staging.reviews"' as data_version,
        materializations.code_version,
        materializations.recipe_sha256,
        recipes.name as recipe,
        -- a repeated run that wrote the same is no new rollout
        min(materializations.started_at) over (
            partition by materializations.iteration, materializations.content_sha256
        ) as rolled_out_at
    from materializations
    left join recipes using (recipe_sha256)
    where materializations.table_name = 'rollout.summaries'
    qualify
        row_number() over (
            partition by materializations.iteration order by materializations.started_at desc
        ) = 1
),

decided as (
    select
        readiness.iteration,
        readiness.agent,
        rollouts.rolled_out_at,
        rollouts.data_version,
        rollouts.recipe,
        rollouts.recipe_sha256,
        rollouts.code_version,
        writers.policy_id as policy_before,
        if(adapters.status = 'trained', adapters.policy_id, null) as policy_trained,
        readiness.n_pairs,
        readiness.is_ready,
        promotions.promoted,
        promotions.n,
        promotions.mean_gain,
        promotions.ci_low,
        promotions.ci_high,
        coalesce(promotions.reason, nullif(adapters.reason, ''), readiness.reason) as reason
    from readiness
    left join rollouts using (iteration)
    left join writers using (iteration, agent)
    left join adapters using (iteration, agent)
    left join promotions using (iteration, agent)
)

select
    iteration,
    agent,
    rolled_out_at,
    data_version,
    recipe,
    recipe_sha256,
    code_version,
    policy_before,
    policy_trained,
    if(promoted, policy_trained, policy_before) as policy_after,
    n_pairs,
    is_ready,
    promoted,
    n,
    mean_gain,
    ci_low,
    ci_high,
    reason
from decided
