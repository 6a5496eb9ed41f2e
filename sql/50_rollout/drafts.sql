/*
grain: one row per iteration, example and pair of summaries shown to the generator
why: The text that each summary leads to, with the other agent's greedy summary or nothing beside it.
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  example_id: example written for
  style_candidate: style summary shown, 0 for the greedy one, -1 for nothing
  topic_candidate: topic summary shown, 0 for the greedy one, -1 for nothing
  text: the draft
  prompt_tokens: tokens of the prompt
  completion_tokens: tokens of the draft
*/
create table rollout.drafts (
    iteration varchar not null,
    example_id varchar not null,
    style_candidate integer not null,
    topic_candidate integer not null,
    text varchar not null,
    prompt_tokens integer not null,
    completion_tokens integer not null
);
