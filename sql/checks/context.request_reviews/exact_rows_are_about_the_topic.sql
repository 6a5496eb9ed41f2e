/*
severity: error
blocking: true
why: Exact rows are about the topic asked for, backoff rows never are.
*/
select
    request_reviews.request_id,
    request_reviews.rank,
    request_reviews.source,
    answers.topic_id as requested_topic_id,
    reviews.topic_id as review_topic_id
from context.request_reviews
inner join request.answers using (request_id)
inner join staging.reviews using (review_id)
where
    request_reviews.agent = 'topic'
    and (request_reviews.source = 'exact') != (reviews.topic_id = answers.topic_id)
