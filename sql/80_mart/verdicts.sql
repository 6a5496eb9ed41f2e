/*
grain: one row per iteration, dataset, task and claim
why: >
  The claims a reader cares about, each decided by tests that are fixed beforehand in models/evaluation/claims.yaml.
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  dataset: dataset of the examples
  task: long, short or rating
  claim: short name of the claim
  statement: the claim in words
  verdict: >-
    supported, every test holds after correction for all claims of the dataset; refuted, a test leaves less than
    the smallest effect that matters; undecided
  reason: the tests that decided, with their numbers
  n_tests: tests that must hold, see mart.verdict_tests
*/
create table mart.verdicts (
    iteration varchar not null,
    dataset varchar not null,
    task varchar not null,
    claim varchar not null,
    statement varchar not null,
    verdict varchar not null,
    reason varchar not null,
    n_tests bigint not null
);
