/*
severity: error
blocking: true
why: A text that several users share can be somebody's target word for word.
*/
select
    style_reviews.example_id,
    style_reviews.review_id
from context.style_reviews
inner join staging.reviews using (review_id)
where reviews.is_shared_text
