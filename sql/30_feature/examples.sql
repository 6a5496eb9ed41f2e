/*
grain: one row per text to produce
why: "Each target review becomes up to three questions with known answers: its text, its title, its rating."
columns:
  example_id: target review and task
  dataset: dataset of the example
  task: long, a text from its title; short, a title from its text; rating, 1 to 5 from both
  split: split of the user
  user_id: for whom the text is written
  topic_id: what it is about
  target_review_id: review that holds the answer
  input: what the user gave; title and text of a rating example on lines of their own
  target: the answer; a rating is written without needless decimals
  target_rating: rating of the target review
  posted_at: when the target was posted, UTC; null where the source does not say
  history_size: >-
    visible own reviews, earlier ones only where times are known; 0 is the cold start, and what flagged users have
  history_bucket: history_size as 0, 1, 2-3, 4-7 or 8+
  user_is_flagged: whether the audit says that the user is not one person
  target_is_shared: whether other users wrote the same text
  target_has_duplicate: whether another user answered the same for this topic; never said of a rating
  is_selected: whether the run uses it, at most the recipe's number per dataset, task and split
*/
with
reviews as (
    select * from staging.reviews
),

flagged_users as (
    select user_id from feature.user_audit
    where is_flagged
),

target_reviews as (
    select
        reviews.*,
        flagged_users.user_id is not null as user_is_flagged
    from reviews
    left join flagged_users using (user_id)
    where reviews.is_target
),

targets as (
    select
        review_id || ':long' as example_id,
        'long' as task,
        title as input,
        text as target,
        has_same_text_on_topic as target_has_duplicate,
        *
    from target_reviews
    union all
    select
        review_id || ':short' as example_id,
        'short' as task,
        text as input,
        title as target,
        has_same_title_on_topic as target_has_duplicate,
        *
    from target_reviews
    where regexp_matches(title, '\S')
    union all
    select
        review_id || ':rating' as example_id,
        'rating' as task,
        concat_ws(chr(10), if(regexp_matches(title, '\S'), title, null), text) as input,
        regexp_replace(rating::varchar, '\.0+$', '') as target,
        false as target_has_duplicate,
        *
    from target_reviews
    where rating is not null
),

history as (
    select
        targets.example_id,
        count(reviews.review_id) as history_size
    from targets
    left join reviews
        on
            targets.user_id = reviews.user_id
            and targets.review_id != reviews.review_id
            and not targets.user_is_flagged
            and not reviews.is_shared_text
            and (targets.posted_at is null or reviews.posted_at < targets.posted_at)
    group by targets.example_id
),

-- a hash orders the examples, so that a smaller run is a subset of a larger one
places as (
    select
        example_id,
        row_number() over (
            partition by dataset, task, split, is_shared_text
            order by md5(example_id), example_id
        ) as place
    from targets
),

limits as (
    select
        entry['task']::varchar as task,
        entry['split']::varchar as split,
        entry['max_examples']::bigint as max_examples
    from (select unnest(getvariable('example_limits')) as entry) as entries
)

select
    targets.example_id,
    targets.dataset,
    targets.task,
    targets.split,
    targets.user_id,
    targets.topic_id,
    targets.review_id as target_review_id,
    targets.input,
    targets.target,
    targets.rating as target_rating,
    targets.posted_at,
    history.history_size,
    case
        when history.history_size = 0 then '0'
        when history.history_size = 1 then '1'
        when history.history_size <= 3 then '2-3'
        when history.history_size <= 7 then '4-7'
        else '8+'
    end as history_bucket,
    targets.user_is_flagged,
    targets.is_shared_text as target_is_shared,
    targets.target_has_duplicate,
    not targets.is_shared_text and places.place <= coalesce(limits.max_examples, 0) as is_selected
from targets
inner join history using (example_id)
inner join places using (example_id)
left join limits using (task, split)
