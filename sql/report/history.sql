/*
title: Quality by how much is known of the user
why: >-
  The method is for people who have written almost nothing: the column of zero own reviews is the one that counts.
  Where few users have more, intervals are wide.
asset: mart.leaderboard
columns:
  dataset: the dataset
  task: the task
  family: kind of arm
  arm: way to write
  history_bucket: visible own reviews of the user
  metric: metric of the task
  n: examples
  mean: mean of the metric
  ci_low: lower bound of its interval
  ci_high: upper bound of its interval
  note: why a number is missing
*/
with
headlines (task, metric) as (
    values ('long', 'rouge1'), ('short', 'rouge1'), ('rating', 'mae')
),

-- six lines can be told apart: ours, what must break it, and what it must beat, as far as they were run
wanted (place, arm) as (
    values
    (1, 'pat'), (2, 'pat_without_style'), (3, 'pat_random_donors'), (4, 'mbr_sentences'), (5, 'none'),
    (6, 'lamp_bm25'), (7, 'bm25_review'), (8, 'random_topic_review'), (9, 'neighbor_mean_rating'),
    (10, 'oracle_review')
),

buckets (bucket_place, history_bucket) as (
    values (1, '0'), (2, '1'), (3, '2-3'), (4, '4-7'), (5, '8+')
),

board as (
    select * from mart.leaderboard
    where split = 'test' and flagged_users = 'in'
),

newest as (
    select
        board.*,
        wanted.place,
        buckets.bucket_place
    from board
    inner join headlines using (task, metric)
    inner join wanted using (arm)
    inner join buckets using (history_bucket)
    qualify board.iteration = max(board.iteration) over (partition by board.dataset, board.task, board.arm)
),

chosen as (
    select *
    from newest
    qualify dense_rank() over (partition by dataset, task order by place) <= 6
),

arms as (
    select * from mart.arms
)

select
    chosen.dataset,
    chosen.task,
    arms.family,
    chosen.arm,
    chosen.history_bucket,
    chosen.metric,
    chosen.n,
    chosen.mean,
    chosen.ci_low,
    chosen.ci_high,
    chosen.note
from chosen
inner join arms using (arm)
order by chosen.dataset, chosen.task, chosen.place, chosen.bucket_place
