/*
severity: error
blocking: true
why: What is said about another topic only fills up; an agent relies most on the rows ranked first.
*/
select
    example_id,
    max(rank) filter (where source = 'exact') as last_exact,
    min(rank) filter (where source = 'backoff') as first_backoff
from context.topic_reviews
group by example_id
having last_exact > first_backoff
