/*
severity: error
blocking: true
why: Datasets share a warehouse, not evidence.
*/
select
    request_reviews.request_id,
    request_reviews.review_id
from context.request_reviews
inner join request.answers using (request_id)
inner join staging.reviews using (review_id)
where reviews.dataset != answers.dataset
