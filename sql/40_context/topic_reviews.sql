/*
grain: one row per example and review shown to its topic agent
why: What others say about the same topic, those who care about the same things first; the topic agent reads nothing else.
kind: table
columns:
  example_id: example the review is shown for
  rank: place in the prompt, 1 first
  donor_id: user who wrote the review, never the example's own
  review_id: the review shown
  alignment: likeness of the two users' preferences, -1 to 1, 0 for the topic's average reviewer; null where unknown
  is_aligned: whether alignment is above .1, clearly closer than the average reviewer; false where unknown
  relevance: cosine likeness of the review to the input of the example
  source: exact for the same topic, backoff for a near one
  distance: 1 less the cosine of the topics, 0 for exact and above 0 for backoff
*/
create table context.topic_reviews (
    example_id varchar not null,
    rank integer not null,
    donor_id varchar not null,
    review_id varchar not null,
    alignment double,
    is_aligned boolean not null,
    relevance double not null,
    source varchar not null,
    distance double not null
);
