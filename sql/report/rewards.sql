/*
title: Reward by iteration
why: >-
  How much better a draft is for having an agent's summary, on train examples: zero means that the summary is useless.
asset: mart.rewards_by_iteration
columns:
  dataset: the dataset
  agent: style or topic
  iteration: turn of the loop
  n_examples: examples with candidates
  n_pairs: preference pairs that came of it
  mean_baseline_quality: quality of the drafts without the agent's summary
  mean_greedy_reward: gain by its greedy summary
  mean_sampled_reward: gain by its sampled summaries
  mean_reward_spread: best less worst of the sampled ones, what there is to learn from
  mean_words: words of the drafts
  mean_target_words: words of what the users really wrote
  mean_copied_run: most words in a row that a draft shares with a review shown
  mean_repeated_share: share of three-word runs that the draft had used before
*/
select
    dataset,
    agent,
    iteration,
    n_examples,
    n_pairs,
    mean_baseline_quality,
    mean_greedy_reward,
    mean_sampled_reward,
    mean_reward_spread,
    mean_words,
    mean_target_words,
    mean_copied_run,
    mean_repeated_share
from mart.rewards_by_iteration
order by dataset, agent, iteration
