/*
grain: one row per draft
why: Quality of each draft against its target, by the same function that the evaluation uses, and the habits that game it.
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  example_id: example written for
  style_candidate: style summary shown, -1 for nothing
  topic_candidate: topic summary shown, -1 for nothing
  quality: weighted mean of the recipe's reward metrics less the recipe's penalties, 0 to 1
  unpenalized_quality: the same without penalties, 0 to 1
  n_words: words of the draft
  target_words: words of the target
  copied_run: most words in a row that also stand in a review shown to an agent of the example
  repeated_share: share of the draft's three-word runs that it had used before, 0 to 1
*/
create table rollout.draft_scores (
    iteration varchar not null,
    example_id varchar not null,
    style_candidate integer not null,
    topic_candidate integer not null,
    quality double not null,
    unpenalized_quality double not null,
    n_words bigint not null,
    target_words bigint not null,
    copied_run bigint not null,
    repeated_share double not null
);
