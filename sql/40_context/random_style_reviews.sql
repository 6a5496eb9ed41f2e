/*
grain: one row per test example and review of a randomly chosen donor
why: "Falsification: the arm pat_random_donors reads these instead of style_reviews. If it does as well, style evidence is worth nothing."
kind: table
columns:
  example_id: test example the review is shown for
  rank: place in the prompt, 1 first
  donor_id: user who wrote the review, drawn at random among the eligible
  review_id: the review shown
  similarity: as in context.style_reviews, and not what these donors were chosen by
*/
create table context.random_style_reviews (
    example_id varchar not null,
    rank integer not null,
    donor_id varchar not null,
    review_id varchar not null,
    similarity double not null
);
