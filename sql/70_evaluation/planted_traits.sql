/*
grain: one row per iteration, dataset, history bucket, arm, trait and reference arm
why: "On the bundled sample the truth is known: how often a text shows the habits planted in its user, against other arms. No rows for real reviews."
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  dataset: dataset with planted truth
  history_bucket: 0 for users without visible reviews of their own, or all
  arm: way to fill the prompt
  trait: opening, closing, register, casing, punctuation, or all for the mean of the five
  n: held-out texts of the task long
  share: share of texts that show the trait
  ci_low: lower bound of its bootstrap interval
  ci_high: upper bound of its bootstrap interval
  reference_arm: arm compared with
  diff_vs_reference: mean difference to the reference arm on the same examples
  diff_ci_low: lower bound of its paired bootstrap interval
  diff_ci_high: upper bound of its paired bootstrap interval
*/
create table evaluation.planted_traits (
    iteration varchar not null,
    dataset varchar not null,
    history_bucket varchar not null,
    arm varchar not null,
    trait varchar not null,
    n bigint not null,
    share double not null,
    ci_low double not null,
    ci_high double not null,
    reference_arm varchar not null,
    diff_vs_reference double not null,
    diff_ci_low double not null,
    diff_ci_high double not null
);
