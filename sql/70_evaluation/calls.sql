/*
grain: one row per iteration, arm, held-out example and call of a language model behind its text
why: Which agent read what, by which policy, and what it wrote, in the order of the calls; what `pat explain` walks along.
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  arm: way to answer the example
  example_id: held-out example
  place: order of the calls for this text, 1 first; the calls of one round know nothing of each other
  role: who was asked, style or topic agent or generator; an arm's other steps count as the agent that they stand for
  step: round1, round2 ... of reasoning, draft, or what the arm calls the step
  policy_id: policy that wrote it, base for the model as shipped
  source_example_id: example whose evidence was read; another one where summaries are swapped
  context: how the evidence was chosen, usual or a variant's name; null where the arm gathers its own, or none
  prompt: what was asked, before the chat template; null where there was nothing to read and nobody was asked
  text: the reply as read, null where it could not be read
  parse_error: why there is no text, else null
  prompt_tokens: tokens of the prompt
  completion_tokens: tokens of the reply
*/
create table evaluation.calls (
    iteration varchar not null,
    arm varchar not null,
    example_id varchar not null,
    place integer not null,
    role varchar not null,
    step varchar not null,
    policy_id varchar not null,
    source_example_id varchar not null,
    context varchar,
    prompt varchar,
    text varchar,
    parse_error varchar,
    prompt_tokens integer not null,
    completion_tokens integer not null
);
