/*
title: What was trained, and what was promoted
why: A candidate is used only where it beats the policy before it on validation examples.
columns:
  agent: style or topic
  iteration: turn of the loop
  policy_id: the policy
  status: in_use, superseded, rejected, skipped, or retrain where it learned from a user who was forgotten
  n_pairs: pairs it was trained on
  reason: the numbers that decided
*/
select
    agent,
    iteration,
    policy_id,
    status,
    n_pairs,
    reason
from policy.policies
order by agent, iteration, policy_id
