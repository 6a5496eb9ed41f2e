/*
grain: one row per example and review shown to its style agent
why: Nearest donors in style; the agent reads how they write, never what they say about the topic.
kind: table
columns:
  example_id: example the review is shown for
  rank: place in the prompt, 1 first; reviews of one donor stand together
  donor_id: user who wrote the review, never the example's own
  review_id: the review shown
  similarity: cosine of the donor's style vector and the style expected of the example's user
*/
create table context.style_reviews (
    example_id varchar not null,
    rank integer not null,
    donor_id varchar not null,
    review_id varchar not null,
    similarity double not null
);
