/*
grain: one row per iteration, arm, held-out example and review that stood behind the text
why: What an arm was shown or quotes. What it copies is measured against these, and so is whether it fits others as well.
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  arm: way to answer the example
  example_id: held-out example
  role: who was shown the review, style or topic agent or generator; quote where a floor copies it
  rank: place among the reviews of the role, 1 first
  review_id: the review
  source_example_id: example whose evidence it is, another one where summaries are swapped; null where nobody says
  similarity: for style, as in context.style_reviews when the text was written; null where the arm chose otherwise
  alignment: for topic, as in context.topic_reviews when the text was written; null likewise and where unknown
  relevance: for topic, likeness of the review to the input when the text was written; null likewise
  source: for topic, exact for the same topic, backoff for a near one; null likewise
  distance: for topic, 1 less the cosine of the topics, 0 for exact; null likewise
*/
create table evaluation.evidence (
    iteration varchar not null,
    arm varchar not null,
    example_id varchar not null,
    role varchar not null,
    rank integer not null,
    review_id varchar not null,
    source_example_id varchar,
    similarity double,
    alignment double,
    relevance double,
    source varchar,
    distance double
);
