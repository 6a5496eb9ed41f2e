/*
grain: one row per completion that a model wrote
why: >
  Finished batches of an iteration, each committed at once under a key of all that decides its texts, so that a
  killed or repeated run writes no batch twice.
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  stage: what the batch was written for
  batch: number of the batch within its stage, 0 first
  batch_sha256: hash of prompts, policy, sampling and seed
  place: position of the prompt in its batch
  sample: number of the completion among those of its prompt, 0 first
  text: the completion
  prompt_tokens: tokens of the prompt
  completion_tokens: tokens of the completion
  finish_reason: stop or length
  seconds: its share of the time that the batch took, when it was written
*/
create table ops.completions (
    iteration varchar not null,
    stage varchar not null,
    batch integer not null,
    batch_sha256 varchar not null,
    place integer not null,
    sample integer not null,
    text varchar not null,
    prompt_tokens integer not null,
    completion_tokens integer not null,
    finish_reason varchar not null,
    seconds double not null
);
