/*
grain: one row per iteration, agent, seed and kind of labels
why: Evidence that an agent learns from its pairs; the control is the same training on labels drawn by a coin.
kind: table
partition: iteration
columns:
  iteration: turn of the loop whose pairs were trained on
  agent: style or topic
  seed: number of the repetition, from 0; it decides what is held out, the coin and the training's own seed
  labels: true, or shuffled where chosen and rejected of every pair were swapped by a fair coin
  n_train_pairs: pairs trained on, about four fifths
  n_heldout_pairs: pairs held out, about one fifth, the same for both kinds of labels
  train_accuracy: share of train pairs, as labeled, whose implicit reward margin is above 0 after training
  heldout_accuracy: share of held-out pairs, truly labeled, whose implicit reward margin is above 0
  n_examples: validation examples
  mean_gain: mean quality of greedy drafts on them, minus that of the policy in use; null without examples
  ci_low: lower bound of its paired bootstrap interval, at the recipe's confidence
  ci_high: upper bound of its paired bootstrap interval
  mean_summary_words: words of the agent's greedy summaries on them
  mean_draft_words: words of the greedy drafts on them
  mean_draft_words_in_use: words of the greedy drafts of the policy in use on them
  sha256: hash of the adapter weights
*/
create table policy.controls (
    iteration varchar not null,
    agent varchar not null,
    seed integer not null,
    labels varchar not null,
    n_train_pairs bigint not null,
    n_heldout_pairs bigint not null,
    train_accuracy double,
    heldout_accuracy double,
    n_examples bigint not null,
    mean_gain double,
    ci_low double,
    ci_high double,
    mean_summary_words double,
    mean_draft_words double,
    mean_draft_words_in_use double,
    sha256 varchar not null
);
