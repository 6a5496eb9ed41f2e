/*
title: Whose reviews stand behind the texts?
why: >-
  Evidence that always comes from the same few people makes everybody sound like them; whoever stands behind most
  texts should know it, and is the first to look at when texts go wrong.
columns:
  dataset: the dataset
  donor_id: user whose reviews were shown
  texts: texts of the newest iteration that they stand behind
  share: these as a share of all texts with evidence
  as_style: of these, shown to the style agent
  as_topic: of these, shown to the topic agent
  reviews: different reviews of theirs that were shown
*/
with
shown as (
    select *
    from mart.explain
    where arm = 'pat' and review_id is not null
    qualify iteration = max(iteration) over (partition by dataset)
),

totals as (
    select
        dataset,
        count(distinct coalesce(example_id, request_id)) as texts
    from shown
    group by dataset
),

donors as (
    select
        dataset,
        donor_id,
        count(distinct coalesce(example_id, request_id)) as texts,
        count(distinct coalesce(example_id, request_id)) filter (where role = 'style') as as_style,
        count(distinct coalesce(example_id, request_id)) filter (where role = 'topic') as as_topic,
        count(distinct review_id) as reviews
    from shown
    group by dataset, donor_id
)

select
    donors.dataset,
    donors.donor_id,
    donors.texts,
    round(donors.texts / totals.texts, 3) as share,
    donors.as_style,
    donors.as_topic,
    donors.reviews
from donors
inner join totals using (dataset)
qualify row_number() over (partition by donors.dataset order by donors.texts desc, donors.donor_id asc) <= 5
order by donors.dataset asc, donors.texts desc, donors.donor_id asc
