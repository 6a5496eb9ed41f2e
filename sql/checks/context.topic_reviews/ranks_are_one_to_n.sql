/*
severity: error
blocking: true
why: The rank is the place in the prompt; a gap or a tie would make it ambiguous.
*/
select
    example_id,
    count(*) as n_rows,
    count(distinct rank) as n_ranks,
    max(rank) as last_rank
from context.topic_reviews
group by example_id
having count(*) != max(rank) or count(distinct rank) != count(*) or min(rank) != 1
