/*
severity: error
blocking: true
why: A user without a verdict would be believed by accident, one with two would count twice.
*/
select
    user_id,
    count(user_audit.user_id) as n_rows
from staging.users
full join feature.user_audit using (user_id)
group by user_id
having count(user_audit.user_id) != 1 or count(users.user_id) != 1
