/*
severity: error
blocking: true
why: Rollouts load the policy in use; two would make the choice a matter of luck.
*/
select
    agent,
    count(*) as n_in_use
from policy.policies
where status = 'in_use'
group by agent
having count(*) > 1
