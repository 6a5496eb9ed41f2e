/*
grain: one row per iteration, arm and held-out example that the judge read
why: What the recipe's judge said, reply by reply, so that an unreadable one is counted and none is made up. Empty without a judge.
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  arm: way to answer the example
  example_id: held-out example
  grade: 1 to 7 against the hidden target; null where the reply could not be read
  reply: what the judge said
  error: why the reply could not be read, else null
*/
create table evaluation.grades (
    iteration varchar not null,
    arm varchar not null,
    example_id varchar not null,
    grade integer,
    reply varchar not null,
    error varchar
);
