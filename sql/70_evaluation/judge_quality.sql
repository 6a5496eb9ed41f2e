/*
grain: one row per iteration, dataset, task and pair of texts of which one is known to be better
why: A judge that cannot tell a user's own text from another's measures nothing. Read this before any grade. Empty without a judge.
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  dataset: dataset of the examples
  task: long or short
  base_model: the judge
  better: target for the hidden text itself, other_user for another user's text on the topic
  worse: other_user, or random_text for another user's text on another topic
  n: examples of which both replies could be read
  n_unreadable: examples of which one could not
  n_ties: examples with equal grades
  mean_better: mean grade of the better text, 1 to 7; null without examples
  mean_worse: mean grade of the worse text
  agreement: share of examples in which the better text got the higher grade, ties as halves; .5 is chance
  ci_low: lower bound of its interval over examples
  ci_high: upper bound
  holds: whether the interval lies above chance
  judge_is_usable: whether all comparisons of the dataset and task hold
  reason: in words, with the numbers
*/
create table evaluation.judge_quality (
    iteration varchar not null,
    dataset varchar not null,
    task varchar not null,
    base_model varchar not null,
    better varchar not null,
    worse varchar not null,
    n bigint not null,
    n_unreadable bigint not null,
    n_ties bigint not null,
    mean_better double,
    mean_worse double,
    agreement double,
    ci_low double,
    ci_high double,
    holds boolean not null,
    judge_is_usable boolean not null,
    reason varchar not null
);
