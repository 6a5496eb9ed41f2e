/*
grain: one row per iteration, dataset and agent
why: >
  Whether summaries help train examples, how far candidates differ, how many pairs come of it, and whether drafts
  grow or copy. Reward is the quality (0 to 1) of a draft with the agent's summary less that of one without it.
columns:
  iteration: turn of the loop
  dataset: dataset of the examples
  agent: style or topic
  n_examples: train examples for which summaries were sampled
  n_candidates: summaries sampled for them
  n_unreadable: of these, those that could not be read from the model's reply
  n_pairs: pairs of a better and a worse summary, which the agent learns from
  mean_baseline_quality: mean quality of the drafts without the agent's summary, 0 to 1
  mean_greedy_reward: mean reward of the greedy summaries, written without chance
  mean_sampled_reward: mean reward of the sampled summaries
  mean_reward_spread: mean over examples of best less worst sampled reward; what there is to learn from
  mean_words: mean words of the drafts with a sampled summary
  mean_target_words: mean words of what the users really wrote
  mean_copied_run: mean over these drafts of the most words in a row that stand in a review shown
  mean_repeated_share: mean over these drafts of the share of three-word runs used before, 0 to 1
*/
with
rewards as (
    select * from rollout.rewards
),

examples as (
    select example_id, dataset from feature.examples
),

pairs as (
    select * from preference.pairs
),

unreadable as (
    select distinct iteration, example_id, agent, candidate
    from rollout.summaries
    where text is null
),

candidates as (
    select
        rewards.iteration,
        examples.dataset,
        rewards.agent,
        rewards.example_id,
        rewards.candidate,
        -- decimals add up exactly, whatever the order of the rows
        rewards.baseline_quality::decimal(18, 12) as baseline_quality,
        rewards.differential_reward::decimal(18, 12) as reward,
        rewards.n_words,
        rewards.target_words,
        rewards.copied_run,
        rewards.repeated_share::decimal(18, 12) as repeated_share,
        unreadable.candidate is not null as is_unreadable
    from rewards
    inner join examples using (example_id)
    left join unreadable using (iteration, example_id, agent, candidate)
),

by_example as (
    select
        candidates.iteration,
        candidates.dataset,
        candidates.agent,
        candidates.example_id,
        any_value(candidates.baseline_quality) as baseline_quality,
        count(*) filter (where candidates.candidate > 0) as n_candidates,
        count(*) filter (where candidates.candidate > 0 and candidates.is_unreadable) as n_unreadable,
        sum(candidates.reward) filter (where candidates.candidate = 0) as greedy_reward,
        sum(candidates.reward) filter (where candidates.candidate > 0) as sampled_reward,
        max(candidates.reward) filter (where candidates.candidate > 0)
        - min(candidates.reward) filter (where candidates.candidate > 0) as reward_spread,
        sum(candidates.n_words) filter (where candidates.candidate > 0) as n_words,
        sum(candidates.target_words) filter (where candidates.candidate > 0) as target_words,
        sum(candidates.copied_run) filter (where candidates.candidate > 0) as copied_words,
        sum(candidates.repeated_share) filter (where candidates.candidate > 0) as repeated_share
    from candidates
    group by candidates.iteration, candidates.dataset, candidates.agent, candidates.example_id
)

select
    by_example.iteration,
    by_example.dataset,
    by_example.agent,
    count(*) as n_examples,
    sum(by_example.n_candidates)::bigint as n_candidates,
    sum(by_example.n_unreadable)::bigint as n_unreadable,
    count(pairs.example_id) as n_pairs,
    sum(by_example.baseline_quality)::double / count(*) as mean_baseline_quality,
    sum(by_example.greedy_reward)::double / count(*) as mean_greedy_reward,
    sum(by_example.sampled_reward)::double / sum(by_example.n_candidates) as mean_sampled_reward,
    sum(by_example.reward_spread)::double / count(*) as mean_reward_spread,
    sum(by_example.n_words)::double / sum(by_example.n_candidates) as mean_words,
    sum(by_example.target_words)::double / sum(by_example.n_candidates) as mean_target_words,
    sum(by_example.copied_words)::double / sum(by_example.n_candidates) as mean_copied_run,
    sum(by_example.repeated_share)::double / sum(by_example.n_candidates) as mean_repeated_share
from by_example
left join pairs using (iteration, agent, example_id)
group by by_example.iteration, by_example.dataset, by_example.agent
