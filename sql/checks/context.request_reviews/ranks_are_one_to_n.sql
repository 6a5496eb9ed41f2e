/*
severity: error
blocking: true
why: The rank is the place in the prompt; a gap or a tie would make it ambiguous.
*/
select
    request_id,
    agent,
    count(*) as n_rows,
    count(distinct rank) as n_ranks,
    max(rank) as last_rank
from context.request_reviews
group by request_id, agent
having count(*) != max(rank) or count(distinct rank) != count(*) or min(rank) != 1
