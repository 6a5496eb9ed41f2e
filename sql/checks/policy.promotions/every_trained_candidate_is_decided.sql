/*
severity: error
blocking: true
why: A candidate without a decision is neither in use nor rejected.
*/
select
    adapters.policy_id,
    count(promotions.policy_id) as n_decisions
from policy.adapters
left join policy.promotions using (policy_id, agent, iteration)
where
    adapters.iteration = getvariable('iteration')
    and adapters.status = 'trained'
group by adapters.policy_id
having count(promotions.policy_id) != 1
