/*
severity: error
blocking: false
why: A lineage that ends at a policy nobody knows hides the pairs that trained it.
*/
select
    lineage.policy_id,
    lineage.ancestor_policy_id,
    lineage.parent_policy_id
from mart.policy_lineage as lineage
anti join policy.policies on lineage.parent_policy_id = policies.policy_id
where lineage.parent_policy_id is not null
