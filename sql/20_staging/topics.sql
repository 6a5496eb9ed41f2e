/*
grain: one row per topic
why: What is written about, and by how many.
columns:
  topic_id: item or place, namespaced by dataset
  dataset: dataset of the topic
  n_reviews: reviews of it, targets included
  n_users: users who reviewed it
  mean_rating: mean rating over all its reviews, 1 to 5; never shown to an agent, targets are in it
*/
with
reviews as (
    select * from staging.reviews
)

select
    topic_id,
    dataset,
    count(*) as n_reviews,
    count(distinct user_id) as n_users,
    -- decimals add up exactly, whatever the order of the rows
    sum(rating::decimal(18, 6))::double / count(*) as mean_rating
from reviews
group by topic_id, dataset
