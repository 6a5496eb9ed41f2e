/*
severity: error
blocking: true
why: A context row must lead back to a review and its author.
*/
select
    topic_reviews.example_id,
    topic_reviews.rank,
    topic_reviews.donor_id,
    topic_reviews.review_id
from context.topic_reviews
left join staging.reviews
    on
        topic_reviews.review_id = reviews.review_id
        and topic_reviews.donor_id = reviews.user_id
where reviews.review_id is null
