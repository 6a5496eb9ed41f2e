/*
grain: one row per review
why: The latest version of each review, with the split of its user and the target of each user marked.
columns:
  review_id: stable id of the review
  dataset: dataset of the review
  split: split of its user, train, validation or test
  user_id: who wrote it
  topic_id: item or place written about
  title: title as written, may be empty
  text: text as written
  rating: rating from 1 to 5
  posted_at: when it was posted, UTC; null where the source does not say
  is_target: whether it is the text to produce for its user
  is_shared_text: whether two or more users of the dataset wrote this text; such texts are never shown
  has_same_text_on_topic: whether another user wrote this text about this topic
  has_same_title_on_topic: whether another user gave this topic this title; a blank title is never the same
  source_file: file of this version
  source_row: row of this version in its file
*/
with
raw_reviews as (
    select * from raw.reviews
),

source_files as (
    select * from raw.source_files
),

latest as (
    select
        raw_reviews.*,
        source_files.ingest_order,
        md5(lower(trim(regexp_replace(raw_reviews.text, '\s+', ' ', 'g')))) as text_hash,
        lower(trim(regexp_replace(raw_reviews.title, '\s+', ' ', 'g'))) as folded_title
    from raw_reviews
    inner join source_files using (dataset, source_file)
    qualify
        row_number() over (
            partition by raw_reviews.review_id
            order by source_files.ingest_order desc, raw_reviews.source_row desc
        ) = 1
),

-- a user of two splits belongs to the one held out furthest, so that no test user is trained on
user_splits as (
    select
        user_id,
        case
            when bool_or(split = 'test') then 'test'
            when bool_or(split = 'validation') then 'validation'
            when bool_or(split = 'train') then 'train'
            when md5_number_lower(user_id) % 100 < 60 then 'train'
            when md5_number_lower(user_id) % 100 < 80 then 'validation'
            else 'test'
        end as split
    from latest
    group by user_id
),

-- a source that marks targets is believed; else the latest review of each user is the target
targets as (
    select
        review_id,
        coalesce(is_target, false) as is_marked,
        coalesce(bool_or(is_target) over (partition by dataset), false) as dataset_marks_targets,
        row_number() over (
            partition by user_id
            order by posted_at desc nulls last, ingest_order asc, source_row asc, review_id asc
        ) = 1 as is_latest
    from latest
),

shared_texts as (
    select
        dataset,
        text_hash
    from latest
    group by dataset, text_hash
    having count(distinct user_id) >= 2
),

-- two users where the first and the last of the ids differ
repeated_on_topic as (
    select
        review_id,
        min(user_id) over same_text != max(user_id) over same_text as has_same_text,
        folded_title != '' and min(user_id) over same_title != max(user_id) over same_title as has_same_title
    from latest
    window
        same_text as (partition by topic_id, text_hash),
        same_title as (partition by topic_id, folded_title)
)

select
    latest.review_id,
    latest.dataset,
    user_splits.split,
    latest.user_id,
    latest.topic_id,
    latest.title,
    latest.text,
    latest.rating,
    latest.posted_at,
    if(targets.dataset_marks_targets, targets.is_marked, targets.is_latest) as is_target,
    shared_texts.text_hash is not null as is_shared_text,
    repeated_on_topic.has_same_text as has_same_text_on_topic,
    repeated_on_topic.has_same_title as has_same_title_on_topic,
    latest.source_file,
    latest.source_row
from latest
inner join user_splits using (user_id)
inner join targets using (review_id)
inner join repeated_on_topic using (review_id)
left join shared_texts using (dataset, text_hash)
