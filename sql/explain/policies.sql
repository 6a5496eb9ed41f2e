/*
title: The policies behind a text, their parents, and the preference pairs that trained them
why: >-
  The second part of what `pat explain` shows: below each agent its policy, below it the pairs and the policy it was
  trained from, down to the model as shipped.
variables:
  explained_source: evaluation or request
  explained_iteration: turn of the loop
  explained_arm: way to write the text, pat for requests
  explained_id: example_id or request_id
  explained_pairs: preference pairs to list of each policy, those with the largest margin first
columns:
  node: key of the node, as in the first part
  parent: key of the node above
  kind: policy or pair
  id: the policy; of a pair its train example
  text: of a policy why it is in use or not, of a pair the chosen summary
  detail: JSON object, what else is known of a node of this kind
*/
with
wanted as (
    select
        getvariable('explained_source')::varchar as source,
        getvariable('explained_iteration')::varchar as iteration,
        getvariable('explained_arm')::varchar as arm,
        getvariable('explained_id')::varchar as text_id
),

evaluation_calls as (
    select calls.*
    from evaluation.calls
    inner join wanted using (iteration, arm)
    where wanted.source = 'evaluation' and calls.example_id = wanted.text_id
),

request_calls as (
    select calls.*
    from request.calls
    cross join wanted
    where wanted.source = 'request' and calls.request_id = wanted.text_id
),

places (place, role) as (
    values ('2', 'style'), ('3', 'topic')
),

calls as (
    select
        role,
        policy_id
    from evaluation_calls
    union
    select
        role,
        policy_id
    from request_calls
),

agents as (
    select
        't.' || places.place as node,
        calls.role,
        calls.policy_id
    from calls
    inner join places using (role)
),

lineage as (
    select * from mart.policy_lineage
),

recipes as (
    select * from ops.recipes
),

trained as (
    select
        iteration,
        run_id,
        code_version,
        recipe_sha256,
        started_at
    from ops.materializations
    where table_name = 'policy.adapters'
    qualify row_number() over (partition by iteration order by started_at desc) = 1
),

-- of a policy that nothing is known of; an older home has no lineage before its next run
unknown as (
    select *
    from agents
    where policy_id != 'base' and policy_id not in (select policy_id from lineage)
),

policies as (
    select
        agents.node || repeat('.w', lineage.generation + 1) as node,
        agents.node || repeat('.w', lineage.generation) as parent,
        lineage.*
    from agents
    inner join lineage using (policy_id)
),

-- the model as shipped stands below the last trained policy, or below the agent itself
shipped as (
    select
        node,
        role as agent
    from agents
    where policy_id = 'base'
    union all
    select
        node,
        agent
    from policies
    where parent_policy_id is null
),

pairs as (
    select
        policies.node as parent,
        pairs.*,
        row_number() over (
            partition by policies.node
            order by pairs.margin desc, pairs.example_id asc
        ) as place
    from policies
    inner join preference.pairs using (iteration, agent)
    where policies.n_pairs > 0
)

select
    policies.node,
    policies.parent,
    'policy' as kind,
    policies.ancestor_policy_id as id,
    policies.reason as text,
    to_json({
        'agent': policies.agent,
        'iteration': policies.iteration,
        'parent_policy_id': coalesce(policies.parent_policy_id, 'base'),
        'base_model': policies.base_model,
        'status': policies.status,
        'n_pairs': policies.n_pairs,
        'n_pairs_kept': policies.n_pairs_kept,
        'pairs_are_those': policies.pairs_are_those,
        'weights_sha256': policies.sha256,
        'run_id': trained.run_id,
        'code_version': trained.code_version,
        'recipe': recipes.name,
        'recipe_sha256': trained.recipe_sha256,
        'started_at': trained.started_at
    })::varchar as detail
from policies
left join trained using (iteration)
left join recipes using (recipe_sha256)
union all
select
    node || '.w' as node,
    node as parent,
    'policy' as kind,
    'base' as id,
    'the model as shipped, trained on no pair' as text,
    to_json({
        'agent': agent,
        'status': 'shipped',
        'n_pairs': 0
    })::varchar as detail
from shipped
union all
select
    node || '.w' as node,
    node as parent,
    'policy' as kind,
    policy_id as id,
    'mart.policy_lineage knows nothing of it: the next run writes what trained it' as text,
    to_json({
        'agent': role,
        'status': 'unknown'
    })::varchar as detail
from unknown
union all
select
    parent || '.p' || lpad(place::varchar, 6, '0') as node,
    parent,
    'pair' as kind,
    example_id as id,
    chosen as text,
    to_json({
        'iteration': iteration,
        'agent': agent,
        'rejected': rejected,
        'chosen_candidate': chosen_candidate,
        'rejected_candidate': rejected_candidate,
        'chosen_reward': chosen_reward,
        'rejected_reward': rejected_reward,
        'margin': margin
    })::varchar as detail
from pairs
where place <= getvariable('explained_pairs')::bigint
