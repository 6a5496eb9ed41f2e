/*
grain: one row per text to produce
why: Each target review becomes a question (its title) with a known answer (its text).
columns:
  example_id: target review and task
  dataset: dataset of the example
  task: long, a text from its title
  split: split of the user
  user_id: for whom the text is written
  topic_id: what it is about
  target_review_id: review that holds the answer
  input: what the user gave, here the title
  target: the answer, here the text
  target_rating: rating of the target review
  posted_at: when the target was posted, UTC; null where the source does not say
  history_size: visible own reviews, earlier ones only where times are known; 0 is the cold start
  history_bucket: history_size as 0, 1, 2-3 or 4+
  target_is_shared: whether other users wrote the same text
  is_selected: whether the run uses it, at most the recipe's number per dataset and split
*/
with
reviews as (
    select * from staging.reviews
),

targets as (
    select
        review_id || ':long' as example_id,
        'long' as task,
        *
    from reviews
    where is_target
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
    select 'train' as split, getvariable('max_train_examples')::bigint as max_examples
    union all
    select 'validation' as split, getvariable('max_validation_examples')::bigint as max_examples
    union all
    select 'test' as split, getvariable('max_test_examples')::bigint as max_examples
)

select
    targets.example_id,
    targets.dataset,
    targets.task,
    targets.split,
    targets.user_id,
    targets.topic_id,
    targets.review_id as target_review_id,
    targets.title as input,
    targets.text as target,
    targets.rating as target_rating,
    targets.posted_at,
    history.history_size,
    case
        when history.history_size = 0 then '0'
        when history.history_size = 1 then '1'
        when history.history_size <= 3 then '2-3'
        else '4+'
    end as history_bucket,
    targets.is_shared_text as target_is_shared,
    not targets.is_shared_text and places.place <= limits.max_examples as is_selected
from targets
inner join history using (example_id)
inner join places using (example_id)
inner join limits using (split)
