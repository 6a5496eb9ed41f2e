/*
grain: one row per example and review shown to its topic agent
why: What others say about the same topic, the reviews most like the input first; the topic agent reads nothing else.
kind: table
columns:
  example_id: example the review is shown for
  rank: place in the prompt, 1 first
  donor_id: user who wrote the review, never the example's own
  review_id: the review shown
  alignment: likeness of the two users' preferences, null where it is unknown
  relevance: cosine likeness of the review to the input of the example
  source: exact for the same topic, backoff for a near one
  distance: distance of the topics, 0 for exact
*/
create table context.topic_reviews (
    example_id varchar not null,
    rank integer not null,
    donor_id varchar not null,
    review_id varchar not null,
    alignment double,
    relevance double not null,
    source varchar not null,
    distance double not null
);
