/*
severity: error
blocking: true
why: Donors are other people; own reviews count as history, never as evidence of others.
*/
select
    request_reviews.request_id,
    request_reviews.agent,
    request_reviews.review_id,
    request_reviews.donor_id
from context.request_reviews
inner join request.answers using (request_id)
left join staging.reviews using (review_id)
where
    request_reviews.donor_id = answers.user_id
    or reviews.user_id = answers.user_id
