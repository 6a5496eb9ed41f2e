/*
severity: error
blocking: true
why: A context row must lead back to a review and its author.
*/
select
    style_reviews.example_id,
    style_reviews.rank,
    style_reviews.donor_id,
    style_reviews.review_id
from context.style_reviews
left join staging.reviews
    on
        style_reviews.review_id = reviews.review_id
        and style_reviews.donor_id = reviews.user_id
where reviews.review_id is null
