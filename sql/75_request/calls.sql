/*
grain: one row per answered request and call of a language model on the way to its answer
why: Which agent read what, by which policy, and what it wrote, in the order of the calls; as evaluation.calls has it for arms.
kind: table
columns:
  request_id: request that is answered
  place: order of the calls for this answer, 1 first; the calls of one round know nothing of each other
  role: who was asked, style or topic agent or generator
  step: round1, round2 ... of reasoning, or draft
  policy_id: policy that wrote it, base for the model as shipped
  prompt: what was asked, before the chat template; null where there was nothing to read and nobody was asked
  text: the reply as read, null where it could not be read
  parse_error: why there is no text, else null
  prompt_tokens: tokens of the prompt
  completion_tokens: tokens of the reply
*/
create table request.calls (
    request_id varchar not null,
    place integer not null,
    role varchar not null,
    step varchar not null,
    policy_id varchar not null,
    prompt varchar,
    text varchar,
    parse_error varchar,
    prompt_tokens integer not null,
    completion_tokens integer not null
);
