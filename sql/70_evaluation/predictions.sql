/*
grain: one row per iteration, arm and held-out example
why: What each arm wrote, with the summaries it was shown.
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  arm: way to fill the prompt, see the leaderboard
  example_id: held-out example
  text: what was written
  style_summary: style summary shown, null for nothing
  topic_summary: topic summary shown, null for nothing
  prompt_tokens: tokens of the generator's prompt
  completion_tokens: tokens of the text
*/
create table evaluation.predictions (
    iteration varchar not null,
    arm varchar not null,
    example_id varchar not null,
    text varchar not null,
    style_summary varchar,
    topic_summary varchar,
    prompt_tokens integer not null,
    completion_tokens integer not null
);
