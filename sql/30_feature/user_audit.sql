/*
grain: one row per user
why: >-
  Which users are not one person. They count as having no history and never donate style; whoever nothing
  speaks against is believed.
columns:
  user_id: the user
  dataset: dataset of the user
  n_reviews: reviews under this id
  has_shared_name: whether several people seem to write under this name
  has_impossible_activity: whether they review more at a time than a person can
  has_copied_texts: whether half of their texts, and at least two, are also somebody else's
  has_duplicate_target: whether another user gave the topic of one of their targets the same text or title
  is_flagged: whether the name is shared, the activity impossible or the texts copied; a duplicate target is
    nobody's fault and does not count
  evidence: what speaks for each flag, in numbers; null without any
*/
with
user_names as (
    select * from feature.user_names
),

findings as (
    select * from feature.user_findings
),

flags as (
    select
        user_id,
        bool_or(flag = 'has_shared_name') as has_shared_name,
        bool_or(flag = 'has_impossible_activity') as has_impossible_activity,
        bool_or(flag = 'has_copied_texts') as has_copied_texts,
        bool_or(flag = 'has_duplicate_target') as has_duplicate_target,
        string_agg(replace(rule, '_', ' ') || ': ' || evidence, '; ' order by rule) as evidence
    from findings
    group by user_id
)

select
    user_names.user_id,
    user_names.dataset,
    user_names.n_reviews,
    coalesce(flags.has_shared_name, false) as has_shared_name,
    coalesce(flags.has_impossible_activity, false) as has_impossible_activity,
    coalesce(flags.has_copied_texts, false) as has_copied_texts,
    coalesce(flags.has_duplicate_target, false) as has_duplicate_target,
    coalesce(
        flags.has_shared_name or flags.has_impossible_activity or flags.has_copied_texts, false
    ) as is_flagged,
    flags.evidence
from user_names
left join flags using (user_id)
