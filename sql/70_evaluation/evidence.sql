/*
grain: one row per iteration, arm, held-out example and review that stood behind the text
why: What an arm was shown or quotes. What it copies is measured against these, and so is whether it fits others as well.
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  arm: way to answer the example
  example_id: held-out example
  role: who was shown the review, style or topic agent or generator; quote where a floor copies it
  rank: place among the reviews of the role, 1 first
  review_id: the review
*/
create table evaluation.evidence (
    iteration varchar not null,
    arm varchar not null,
    example_id varchar not null,
    role varchar not null,
    rank integer not null,
    review_id varchar not null
);
