/*
grain: one row per produced text and review that stood behind it
why: >
  From a text to the people whose reviews shaped it: who was shown what, by which policy, and what was made of it. A
  text that no review stands behind has one row, without a review.
columns:
  source: evaluation for a text of an arm, request for an answer to a request
  iteration: turn of the loop
  arm: way to write the text, see mart.arms; pat for requests
  example_id: held-out example; null for requests
  request_id: request that is answered; null for evaluations
  dataset: dataset of the example or request
  task: long, a text from its title; short, a title from its text; rating, 1 to 5 from both
  user_id: for whom the text was written
  topic_id: what it is about
  text: what was written
  role: who was shown the review, style or topic agent or generator; quote where a floor copies it
  summary: what the generator was shown of this role, null for nothing and for roles without a summary
  policy_id: policy that wrote the summary, base for the model as shipped; null for roles without one
  source_example_id: example whose evidence it is, another one where summaries are swapped; null for requests
  rank: place among the reviews of the role, 1 first
  donor_id: user who wrote the review
  review_id: the review
  review_topic_id: what the review is about
  review_title: its title
  review_text: its beginning, at most 300 characters
  review_rating: its rating
  similarity: for style, cosine of the donor's style vector and the style expected of the user; else null
  alignment: for topic, likeness of the two users' preferences, -1 to 1; null where unknown and for other roles
  relevance: for topic, cosine likeness of the review to the input; else null
  topic_match: for topic, exact for the same topic, backoff for a near one; else null
  topic_distance: for topic, 1 less the cosine of the topics, 0 for exact; else null
*/
with
predictions as (
    select * from evaluation.predictions
),

examples as (
    select * from feature.examples
),

evidence as (
    select * from evaluation.evidence
),

calls as (
    select * from evaluation.calls
),

answers as (
    select * from request.answers
),

request_reviews as (
    select * from context.request_reviews
),

reviews as (
    select * from staging.reviews
),

texts as (
    select
        'evaluation' as source,
        predictions.iteration,
        predictions.arm,
        predictions.example_id as text_id,
        examples.dataset,
        examples.task,
        examples.user_id,
        examples.topic_id,
        predictions.text,
        predictions.style_summary,
        predictions.topic_summary
    from predictions
    inner join examples using (example_id)
    union all
    select
        'request' as source,
        iteration,
        'pat' as arm,
        request_id as text_id,
        dataset,
        task,
        user_id,
        topic_id,
        text,
        style_summary,
        topic_summary
    from answers
),

policies as (
    select
        'evaluation' as source,
        iteration,
        arm,
        example_id as text_id,
        role,
        max(policy_id) as policy_id
    from calls
    where role in ('style', 'topic')
    group by iteration, arm, example_id, role
    union all
    select
        'request' as source,
        iteration,
        'pat' as arm,
        request_id as text_id,
        unnest(['style', 'topic']) as role,
        unnest([style_policy_id, topic_policy_id]) as policy_id
    from answers
),

behind as (
    select
        'evaluation' as source,
        iteration,
        arm,
        example_id as text_id,
        role,
        source_example_id,
        rank,
        review_id,
        similarity,
        alignment,
        relevance,
        source as topic_match,
        distance as topic_distance
    from evidence
    union all
    select
        'request' as source,
        answers.iteration,
        'pat' as arm,
        answers.request_id as text_id,
        request_reviews.agent as role,
        null::varchar as source_example_id,
        request_reviews.rank,
        request_reviews.review_id,
        request_reviews.similarity,
        request_reviews.alignment,
        request_reviews.relevance,
        request_reviews.source as topic_match,
        request_reviews.distance as topic_distance
    from request_reviews
    inner join answers using (request_id)
)

select
    texts.source,
    texts.iteration,
    texts.arm,
    if(texts.source = 'evaluation', texts.text_id, null) as example_id,
    if(texts.source = 'request', texts.text_id, null) as request_id,
    texts.dataset,
    texts.task,
    texts.user_id,
    texts.topic_id,
    texts.text,
    behind.role,
    case behind.role
        when 'style' then texts.style_summary
        when 'topic' then texts.topic_summary
    end as summary,
    policies.policy_id,
    behind.source_example_id,
    behind.rank,
    reviews.user_id as donor_id,
    behind.review_id,
    reviews.topic_id as review_topic_id,
    reviews.title as review_title,
    reviews.text[:300] as review_text,
    reviews.rating as review_rating,
    behind.similarity,
    behind.alignment,
    behind.relevance,
    behind.topic_match,
    behind.topic_distance
from texts
left join behind using (source, iteration, arm, text_id)
left join policies using (source, iteration, arm, text_id, role)
left join reviews on behind.review_id = reviews.review_id
