/*
severity: error
blocking: true
why: Parents and summaries refer to policies by id.
*/
select
    policy_id,
    count(*) as n_rows
from policy.policies
group by policy_id
having count(*) > 1
