/*
severity: error
blocking: true
why: A candidate without a reward would silently leave the comparison. Only train examples are rewarded.
*/
select
    summaries.example_id,
    summaries.agent,
    summaries.candidate,
    count(rewards.differential_reward) as n_rewards
from (select distinct iteration, example_id, agent, candidate from rollout.summaries) as summaries
inner join feature.examples using (example_id)
left join rollout.rewards using (iteration, example_id, agent, candidate)
where summaries.iteration = getvariable('iteration') and examples.split = 'train'
group by summaries.example_id, summaries.agent, summaries.candidate
having count(rewards.differential_reward) != 1
