/*
grain: one row per iteration and agent with a trained candidate
why: A candidate is used only where it beats the policy in use on validation examples.
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  agent: style or topic
  policy_id: the candidate
  n: validation examples compared
  mean_gain: mean difference of quality, candidate minus policy in use
  ci_low: lower bound of its paired bootstrap interval
  ci_high: upper bound of its paired bootstrap interval
  confidence: of that interval; the recipe's error is divided by the candidates tried in the iteration
  promoted: whether the candidate became the policy in use
  reason: the rule that decided, with its numbers
*/
create table policy.promotions (
    iteration varchar not null,
    agent varchar not null,
    policy_id varchar not null,
    n bigint not null,
    mean_gain double,
    ci_low double,
    ci_high double,
    confidence double not null,
    promoted boolean not null,
    reason varchar not null
);
