/*
severity: error
blocking: true
why: A candidate without a reward would silently leave the comparison.
*/
select
    summaries.example_id,
    summaries.agent,
    summaries.candidate,
    count(rewards.differential_reward) as n_rewards
from (select distinct iteration, example_id, agent, candidate from rollout.summaries) as summaries
left join rollout.rewards using (iteration, example_id, agent, candidate)
where summaries.iteration = getvariable('iteration')
group by summaries.example_id, summaries.agent, summaries.candidate
having count(rewards.differential_reward) != 1
