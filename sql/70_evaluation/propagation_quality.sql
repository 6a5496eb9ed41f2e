/*
grain: one row per dataset, history bucket and predictor
why: >-
  Propagation measured alone: how near it comes to the hidden style of validation and test users, against
  predictors that know less. Task long only. For the cosine graphsage is calibrated (common_weight of
  feature.propagation); donors are ranked, and shares counted, without.
kind: table
columns:
  dataset: dataset of the users
  history_bucket: 0 for users without a visible review, or all
  predictor: >-
    graphsage and average as in the recipe; input, the style of the title alone; topic_mean; global_mean; random, the
    style of a random review
  is_in_use: whether the recipe retrieves with it
  origin: what graphsage stands for, trained weights or default, the average
  n: examples
  n_same_topic: examples whose topic has a text by somebody else
  cosine: mean cosine to the style of the hidden text; graphsage alone is calibrated, and an average with as much of the mean style added comes as near on the real corpora
  cosine_ci_low: lower bound of its bootstrap interval
  cosine_ci_high: upper bound of its bootstrap interval
  cosine_gain: mean paired difference, the predictor in use less this one
  cosine_gain_ci_low: lower bound of its bootstrap interval
  cosine_gain_ci_high: upper bound of its bootstrap interval
  auc_any_topic: share of random texts of other topics that are less like the prediction than the hidden one; .5 is chance
  auc_any_topic_ci_low: lower bound of its bootstrap interval
  auc_any_topic_ci_high: upper bound of its bootstrap interval
  auc_any_topic_gain: mean paired difference, the predictor in use less this one
  auc_any_topic_gain_ci_low: lower bound of its bootstrap interval
  auc_any_topic_gain_ci_high: upper bound of its bootstrap interval
  auc_same_topic: the same against texts of the same topic by others, each hidden from the evidence; above .5 is personal
  auc_same_topic_ci_low: lower bound of its bootstrap interval
  auc_same_topic_ci_high: upper bound of its bootstrap interval
  auc_same_topic_gain: mean paired difference, the predictor in use less this one
  auc_same_topic_gain_ci_low: lower bound of its bootstrap interval
  auc_same_topic_gain_ci_high: upper bound of its bootstrap interval
  right_community: bundled sample only, share whose nearest planted community is the right one; null elsewhere
  right_community_ci_low: lower bound of its bootstrap interval
  right_community_ci_high: upper bound of its bootstrap interval
  right_community_gain: mean paired difference, the predictor in use less this one
  right_community_gain_ci_low: lower bound of its bootstrap interval
  right_community_gain_ci_high: upper bound of its bootstrap interval
*/
create table evaluation.propagation_quality (
    dataset varchar not null,
    history_bucket varchar not null,
    predictor varchar not null,
    is_in_use boolean not null,
    origin varchar not null,
    n bigint not null,
    n_same_topic bigint not null,
    cosine double,
    cosine_ci_low double,
    cosine_ci_high double,
    cosine_gain double,
    cosine_gain_ci_low double,
    cosine_gain_ci_high double,
    auc_any_topic double,
    auc_any_topic_ci_low double,
    auc_any_topic_ci_high double,
    auc_any_topic_gain double,
    auc_any_topic_gain_ci_low double,
    auc_any_topic_gain_ci_high double,
    auc_same_topic double,
    auc_same_topic_ci_low double,
    auc_same_topic_ci_high double,
    auc_same_topic_gain double,
    auc_same_topic_gain_ci_low double,
    auc_same_topic_gain_ci_high double,
    right_community double,
    right_community_ci_low double,
    right_community_ci_high double,
    right_community_gain double,
    right_community_gain_ci_low double,
    right_community_gain_ci_high double
);
