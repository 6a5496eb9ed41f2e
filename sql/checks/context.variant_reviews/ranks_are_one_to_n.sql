/*
severity: error
blocking: true
why: The rank is the place in the prompt; a gap or a tie would make it ambiguous.
*/
select
    variant,
    agent,
    example_id,
    count(*) as n_rows,
    max(rank) as last_rank
from context.variant_reviews
group by all
having count(*) != max(rank) or count(distinct rank) != count(*) or min(rank) != 1
