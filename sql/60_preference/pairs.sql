/*
grain: one row per iteration, agent and example whose best and worst summaries differ enough
why: What training prefers over what. Ties, equal texts and unreadable summaries give no pair.
partition: iteration
columns:
  iteration: turn of the loop
  agent: agent that wrote both summaries
  example_id: training example both were written for
  chosen_candidate: sampled candidate with the highest reward, the lowest number among equals
  rejected_candidate: sampled candidate with the lowest reward, the lowest number among equals
  chosen: text of the chosen summary
  rejected: text of the rejected summary
  chosen_reward: differential reward of the chosen summary
  rejected_reward: differential reward of the rejected summary
  margin: chosen_reward minus rejected_reward, at least the recipe's margin
*/
with
rewards as (
    select * from rollout.rewards
    where iteration = getvariable('iteration')
),

summaries as (
    select * from rollout.summaries
    where iteration = getvariable('iteration')
),

train_examples as (
    select example_id from feature.examples
    where split = 'train'
),

candidates as (
    select
        rewards.iteration,
        rewards.agent,
        rewards.example_id,
        rewards.candidate,
        summaries.text,
        rewards.differential_reward as reward
    from rewards
    inner join train_examples using (example_id)
    inner join summaries using (iteration, example_id, agent, candidate)
    where rewards.candidate > 0 and summaries.text is not null
    qualify summaries.round = max(summaries.round) over (partition by rewards.example_id, rewards.agent)
),

best as (
    select *
    from candidates
    qualify row_number() over (partition by agent, example_id order by reward desc, candidate asc) = 1
),

worst as (
    select *
    from candidates
    qualify row_number() over (partition by agent, example_id order by reward asc, candidate asc) = 1
)

select
    best.iteration,
    best.agent,
    best.example_id,
    best.candidate as chosen_candidate,
    worst.candidate as rejected_candidate,
    best.text as chosen,
    worst.text as rejected,
    best.reward as chosen_reward,
    worst.reward as rejected_reward,
    best.reward - worst.reward as margin
from best
inner join worst using (iteration, agent, example_id)
where
    best.text != worst.text
    and best.reward > worst.reward
    -- rounded, so that .30 and .25 are .05 apart
    and round(best.reward - worst.reward, 9) >= getvariable('pair_margin')
