/*
grain: one row per user
why: Who wrote, and on which side of the split they are.
columns:
  user_id: the user, namespaced by dataset
  dataset: dataset of the user
  split: train, validation or test
  n_reviews: reviews they wrote, targets included
*/
with
reviews as (
    select * from staging.reviews
)

select
    user_id,
    dataset,
    split,
    count(*) as n_reviews
from reviews
group by user_id, dataset, split
