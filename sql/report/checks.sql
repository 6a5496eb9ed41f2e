/*
title: Rules that were checked
why: A rule is a query that returns the rows which break it; a blocking one stops everything that depends on its table.
columns:
  table_name: table that was checked
  check_name: the rule
  severity: error or warn
  blocking: whether a failure stops what depends on the table
  passed: whether no row broke the rule when it was last checked
  bad_rows: rows that broke it
*/
with
results as (
    select * from ops.check_results
),

newest as (
    select *
    from results
    qualify row_number() over (partition by table_name, check_name order by checked_at desc, passed asc) = 1
)

select
    table_name,
    replace(check_name, '_', ' ') as check_name,
    severity,
    blocking,
    passed,
    bad_rows
from newest
order by passed, table_name, check_name
