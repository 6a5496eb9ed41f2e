/*
grain: one row per dataset, task, trajectory, history bucket and measure
why: "Each trajectory measured alone, before any text is written: are the reviews it shows closer to the hidden target than as many random ones? Held-out examples only."
kind: table
columns:
  dataset: dataset of the examples
  task: long, short or rating
  trajectory: style or topic
  history_bucket: visible own reviews as 0, 1, 2-3, 4-7 or 8+, or all
  measure: "style_likeness: mean cosine in style to the target. meaning_likeness: the same in meaning. content_word_recall: share of the target's content words shown. rating_error: distance of the mean rating shown, less is better. On the sample, right_community and right_group: share of rows by people planted like the user; aspects_named and aspects_covered: share of the target's planted facts that one shown review names, and all together."
  n: examples with a value
  value: mean of what the trajectory shows; null without examples
  ci_low: lower bound of its bootstrap interval
  ci_high: upper bound of its bootstrap interval
  n_same_topic: examples compared with reviews of their own topic
  random_same_topic: mean of as many random reviews of the topic
  diff_same_topic: mean paired difference, value less random_same_topic
  diff_same_topic_ci_low: lower bound of its bootstrap interval
  diff_same_topic_ci_high: upper bound of its bootstrap interval
  n_any_topic: examples compared with reviews of the whole dataset
  random_any_topic: mean of as many random reviews of the dataset
  diff_any_topic: mean paired difference, value less random_any_topic
  diff_any_topic_ci_low: lower bound of its bootstrap interval
  diff_any_topic_ci_high: upper bound of its bootstrap interval
  reason: why a number is missing, null where none is
*/
create table evaluation.trajectory_quality (
    dataset varchar not null,
    task varchar not null,
    trajectory varchar not null,
    history_bucket varchar not null,
    measure varchar not null,
    n bigint not null,
    value double,
    ci_low double,
    ci_high double,
    n_same_topic bigint not null,
    random_same_topic double,
    diff_same_topic double,
    diff_same_topic_ci_low double,
    diff_same_topic_ci_high double,
    n_any_topic bigint not null,
    random_any_topic double,
    diff_any_topic double,
    diff_any_topic_ci_low double,
    diff_any_topic_ci_high double,
    reason varchar
);
