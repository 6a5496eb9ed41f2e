/*
severity: error
blocking: true
why: Where a request says when it was asked, only what was there by then was there to be read.
*/
select
    request_reviews.request_id,
    request_reviews.review_id,
    answers.requested_at,
    reviews.posted_at
from context.request_reviews
inner join request.answers using (request_id)
inner join staging.reviews using (review_id)
where reviews.posted_at >= answers.requested_at
