/*
grain: one row per iteration and agent
why: What training made of the preference pairs, or why it was skipped.
kind: table
partition: iteration
columns:
  policy_id: the policy that training made
  agent: style or topic
  iteration: turn of the loop that trained it
  parent_policy_id: policy that wrote the candidates and was the reference of training
  base_model: model below the adapter
  path: folder of the adapter below the policies folder; null where there are no weights
  sha256: hash of the adapter weights; null where there are none
  n_pairs: preference pairs it was trained on
  data_version: hash of this agent's pairs, preference.readiness.pairs_version; null where it has no row there
  status: trained, skipped, or retrain where it learned from a user who was forgotten and its weights are gone
  reason: why it was skipped or waits for retraining, else empty
  metrics: JSON object of training metrics
*/
create table policy.adapters (
    policy_id varchar not null,
    agent varchar not null,
    iteration varchar not null,
    parent_policy_id varchar,
    base_model varchar not null,
    path varchar,
    sha256 varchar,
    n_pairs bigint not null,
    data_version varchar,
    status varchar not null,
    reason varchar,
    metrics varchar not null
);
