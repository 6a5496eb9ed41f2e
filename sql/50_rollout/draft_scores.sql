/*
grain: one row per draft
why: Quality of each draft against its target, by the same function that the evaluation uses.
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  example_id: example written for
  style_candidate: style summary shown, -1 for nothing
  topic_candidate: topic summary shown, -1 for nothing
  quality: weighted mean of the recipe's reward metrics, 0 to 1
*/
create table rollout.draft_scores (
    iteration varchar not null,
    example_id varchar not null,
    style_candidate integer not null,
    topic_candidate integer not null,
    quality double not null
);
