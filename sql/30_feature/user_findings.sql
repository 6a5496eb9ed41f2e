/*
grain: one row per user and rule of the audit that speaks against them
why: What speaks against a user being one person, rule by rule, with the numbers it rests on.
columns:
  user_id: the user
  dataset: dataset of the user
  rule: what was found
  flag: column of feature.user_audit that it sets
  evidence: the numbers, readable alone
*/
with
reviews as (
    select * from staging.reviews
),

thresholds as (
    select
        50 as least_names,  -- with fewer, who is behind a name is no question for statistics
        -- a form that returns twice as often as distinctive names is shared at least every second time
        2 as times_distinctive,
        -- the next three as measured: from here on, two texts of one name are no more alike than chance
        2 as same_first_word,
        6 as many_for_a_short_name,
        2 as repeats,  -- people review a thing once
        50 as topics_a_day,  -- at ten minutes each, a working day without a pause
        5 as topics_a_second,
        10 as words_of_a_copy,  -- shorter texts ("great product, fast delivery") are written twice by chance
        2 as copies,
        0.5 as share_of_copies
),

names as (
    select
        user_names.*,
        form not in ('id', 'generic') and n_reviews >= 2 and n_names >= least_names as is_returning,
        is_returning and form != 'distinctive' as is_returning_short
    from feature.user_names
    cross join thresholds
),

-- where most times are midnights, only the days are known
resolutions as (
    select
        dataset,
        2 * count(*) filter (where posted_at = date_trunc('day', posted_at)) < count(posted_at)
            as knows_seconds
    from reviews
    group by dataset
),

seconds as (
    select
        user_id,
        count(distinct topic_id) as n_topics
    from reviews
    inner join resolutions using (dataset)
    where posted_at is not null and knows_seconds
    group by user_id, date_trunc('second', posted_at)
),

days as (
    select
        user_id,
        count(distinct topic_id) as n_topics
    from reviews
    where posted_at is not null
    group by user_id, date_trunc('day', posted_at)
),

texts as (
    select
        user_id,
        count(*) as n_reviews,
        count(*) - count(distinct topic_id) as n_repeats,
        count(*) filter (
            where is_shared_text and len(string_split_regex(trim(text), '\s+')) >= words_of_a_copy
        ) as n_copies,
        count(*) filter (where is_target and has_same_text_on_topic) as n_same_texts,
        count(*) filter (where is_target and has_same_title_on_topic) as n_same_titles
    from reviews
    cross join thresholds
    group by user_id
),

findings as (
    select
        user_id,
        'generic_name' as rule,
        'has_shared_name' as flag,
        'a word for anybody, not a name' as evidence
    from names
    where form = 'generic'
    union all
    select
        user_id,
        'returning_form' as rule,
        'has_shared_name' as flag,
        format(
            '{:.1f}% of the names of this form ({}) have two or more reviews, {:.1f}% of distinctive names',
            100 * return_rate, form, 100 * distinctive_return_rate
        ) as evidence
    from names
    cross join thresholds
    where is_returning_short and return_rate >= times_distinctive * distinctive_return_rate
    union all
    select
        user_id,
        'same_first_word' as rule,
        'has_shared_name' as flag,
        format('{} other names begin with the same word', n_same_first_word) as evidence
    from names
    cross join thresholds
    where is_returning_short and n_same_first_word >= same_first_word
    union all
    select
        user_id,
        'many_for_a_short_name' as rule,
        'has_shared_name' as flag,
        format('{} reviews under a name of the form {}', n_reviews, form) as evidence
    from names
    cross join thresholds
    where is_returning_short and n_reviews >= many_for_a_short_name
    union all
    select
        user_id,
        'repeated_topics' as rule,
        'has_shared_name' as flag,
        format('{} reviews of {} topics', names.n_reviews, names.n_reviews - texts.n_repeats) as evidence
    from names
    inner join texts using (user_id)
    cross join thresholds
    where is_returning and n_repeats >= repeats
    union all
    select
        user_id,
        'busy_second' as rule,
        'has_impossible_activity' as flag,
        format('{} topics in one second', max(n_topics)) as evidence
    from seconds
    cross join thresholds
    where n_topics >= topics_a_second
    group by user_id
    union all
    select
        user_id,
        'busy_day' as rule,
        'has_impossible_activity' as flag,
        format('{} topics on one day', max(n_topics)) as evidence
    from days
    cross join thresholds
    where n_topics >= topics_a_day
    group by user_id
    union all
    select
        user_id,
        'copied_texts' as rule,
        'has_copied_texts' as flag,
        format('{} of {} texts are also written by others', n_copies, n_reviews) as evidence
    from texts
    cross join thresholds
    where n_copies >= copies and n_copies >= share_of_copies * n_reviews
    union all
    select
        user_id,
        'duplicate_target' as rule,
        'has_duplicate_target' as flag,
        format(
            'others gave the same topic the text of {} and the title of {} targets',
            n_same_texts, n_same_titles
        ) as evidence
    from texts
    where n_same_texts + n_same_titles > 0
)

select
    findings.user_id,
    names.dataset,
    findings.rule,
    findings.flag,
    findings.evidence
from findings
inner join names using (user_id)
