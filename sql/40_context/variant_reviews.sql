/*
grain: one row per variant of a context, test example and review shown
why: "Falsification and ablation: arms read these instead of the usual contexts. An arm that does as well with them shows that the usual choice is worth nothing."
kind: table
columns:
  variant: how the reviews were chosen, see variants in models/arms/arms.yaml
  agent: style or topic, whose context it replaces
  example_id: test example the review is shown for
  rank: place in the prompt, 1 first
  donor_id: user who wrote the review
  review_id: the review shown
  is_aligned: as in context.topic_reviews; false for the style agent
*/
create table context.variant_reviews (
    variant varchar not null,
    agent varchar not null,
    example_id varchar not null,
    rank integer not null,
    donor_id varchar not null,
    review_id varchar not null,
    is_aligned boolean not null
);
