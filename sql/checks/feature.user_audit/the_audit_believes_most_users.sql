/*
severity: warn
blocking: false
why: Where more than half of the users are flagged, the ids of the dataset are no people; results by history mean little.
*/
select
    dataset,
    count(*) as n_users,
    count(*) filter (where is_flagged) as n_flagged
from feature.user_audit
group by dataset
having 2 * count(*) filter (where is_flagged) > count(*)
