/*
grain: one row per agent, request and review shown to the agent
why: What stands behind the answer to a request. Chosen when it is answered and kept as it was then, whatever is read later.
kind: table
columns:
  agent: style or topic, who reads the review
  request_id: request the review is shown for
  rank: place in the prompt, 1 first
  donor_id: user who wrote the review, never the one who asks
  review_id: the review shown
  similarity: for style, as in context.style_reviews; null for topic
  alignment: for topic, as in context.topic_reviews; null for style and where unknown
  is_aligned: as in context.topic_reviews; false for style
  relevance: for topic, cosine likeness of the review to the input; null for style
  source: for topic, exact for the same topic, backoff for a near one; null for style
  distance: for topic, 1 less the cosine of the topics, 0 for exact; null for style
*/
create table context.request_reviews (
    agent varchar not null,
    request_id varchar not null,
    rank integer not null,
    donor_id varchar not null,
    review_id varchar not null,
    similarity double,
    alignment double,
    is_aligned boolean not null,
    relevance double,
    source varchar,
    distance double
);
