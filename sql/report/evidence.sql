/*
title: The evidence behind the ten texts
why: The reviews of other users that the agents read, or that a floor quotes; never the target.
columns:
  dataset: the dataset
  task: the task
  example_id: the example
  arm: way to write
  role: style or topic agent, generator, or quote where a floor copies
  rank: place among the reviews of the role
  user_id: who wrote the review
  topic_id: what it is about
  title: its title
  text: its beginning
  rating: its rating
*/
with
wanted (arm) as (
    values
    ('pat'), ('pat_untrained'), ('pat_random_donors'), ('none'), ('mbr_sentences'),
    ('oracle_review'), ('bm25_review'), ('random_topic_review'), ('neighbor_mean_rating')
),

evidence as (
    select * from evaluation.evidence
),

predictions as (
    select * from evaluation.predictions
),

examples as (
    select * from feature.examples
),

reviews as (
    select * from staging.reviews
),

answered as (
    select
        examples.dataset,
        examples.task,
        examples.example_id,
        count(distinct predictions.arm) as n_arms
    from predictions
    inner join wanted using (arm)
    inner join examples using (example_id)
    group by examples.dataset, examples.task, examples.example_id
),

-- those that most of these arms answered come first, so that there is something to compare
ten as (
    select
        *,
        row_number() over (
            partition by dataset, task
            order by n_arms desc, md5(example_id) asc, example_id asc
        ) as example_place
    from answered
    qualify example_place <= 10
),

newest as (
    select
        ten.dataset,
        ten.task,
        evidence.*
    from evidence
    inner join ten using (example_id)
    inner join wanted using (arm)
    qualify
        evidence.iteration
        = max(evidence.iteration) over (partition by ten.dataset, ten.task, evidence.arm)
)

select
    newest.dataset,
    newest.task,
    newest.example_id,
    newest.arm,
    newest.role,
    newest.rank,
    reviews.user_id,
    reviews.topic_id,
    reviews.title,
    reviews.text[:400] as text,
    reviews.rating
from newest
inner join reviews using (review_id)
where newest.rank <= 6
order by newest.dataset, newest.task, newest.example_id, newest.arm, newest.role, newest.rank
