/*
grain: one row per iteration, dataset, task, claim and test
why: What each claim rests on. Users whom the audit does not believe to be one person are left out.
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  dataset: dataset of the examples
  task: long, short or rating
  claim: short name of the claim, see mart.verdicts
  test: number of the test within its claim, 1 first; all must hold
  arm: arm that should be better, see mart.arms; "a less b" is what a gains over b
  other_arm: arm it is compared with; null where the metric itself must lie above 0
  other_iteration: iteration of the other arm
  metric: metric compared, see mart.metrics
  history_bucket: how many own reviews the users of the test have that may be shown, 0 is the cold start; or all
  n: test examples that all arms of the test answered
  diff: mean paired difference, arm less other arm; null without examples
  ci_low: lower bound of its bootstrap interval; null for fewer than two examples
  ci_high: upper bound of that interval
  p_value: how often such a difference would come by chance if there was none, two-sided paired sign-flip test
  p_holm: >-
    largest p_value of the claim's tests, corrected by Holm for all claims of the dataset; null where one of
    them could not be done
  smallest_effect: the least difference that would matter, from the recipe
  outcome: >-
    supported, the interval lies above 0 and p_value is small enough; refuted, it lies below the smallest effect;
    undecided
  note: why a number is missing or not to be trusted, null where nothing stands out
*/
create table mart.verdict_tests (
    iteration varchar not null,
    dataset varchar not null,
    task varchar not null,
    claim varchar not null,
    test bigint not null,
    arm varchar not null,
    other_arm varchar,
    other_iteration varchar,
    metric varchar not null,
    history_bucket varchar not null,
    n bigint not null,
    diff double,
    ci_low double,
    ci_high double,
    p_value double,
    p_holm double,
    smallest_effect double not null,
    outcome varchar not null,
    note varchar
);
