/*
grain: one row per iteration, dataset, agent and probe
why: "What the trained agent relies on: its evidence is changed in one way, and the gain over the policy before is measured again. A gain that survives a change did not rest on what was changed."
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  dataset: dataset of the examples
  agent: agent whose evidence is changed
  probe: as_is, shuffled, unmarked, flipped, other_user or other_topic
  policy_id: the candidate that this iteration trained, promoted or not
  n: validation examples
  quality_before: mean Q with the policy that was in use
  quality_after: mean Q with the candidate
  gain: mean difference, candidate minus before, on the same examples and the same changed evidence
  gain_ci_low: lower bound of its paired bootstrap interval
  gain_ci_high: upper bound of its paired bootstrap interval
*/
create table evaluation.probes (
    iteration varchar not null,
    dataset varchar not null,
    agent varchar not null,
    probe varchar not null,
    policy_id varchar not null,
    n bigint not null,
    quality_before double not null,
    quality_after double not null,
    gain double not null,
    gain_ci_low double not null,
    gain_ci_high double not null
);
