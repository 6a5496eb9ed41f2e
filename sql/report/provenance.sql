/*
title: Fingerprints of the tables
why: The same data, recipe and version give the same fingerprints; the times of a run are not part of them.
columns:
  table_name: the table
  iteration: turn of the loop, null for a table without
  n_rows: its rows
  content_sha256: fingerprint of its rows
  code_version: hash of what computed it
*/
with
newest as (
    select *
    from ops.materializations
    where table_name not like 'ops.%'
    qualify row_number() over (partition by table_name, iteration order by started_at desc) = 1
)

select
    table_name,
    iteration,
    rows as n_rows,
    content_sha256,
    code_version
from newest
order by table_name, iteration
