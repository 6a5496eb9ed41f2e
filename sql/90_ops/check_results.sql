/*
grain: one row per run of a check
why: What was checked, when, and how many rows broke the rule.
kind: table
columns:
  table_name: table that was checked
  check_name: the rule, as a sentence
  severity: error or warn
  blocking: whether a failure stops everything that depends on the table
  passed: whether no row broke the rule
  bad_rows: rows that broke the rule
  run_id: Dagster run that checked
  checked_at: when, UTC
  inputs_sha256: >-
    hash of the rule and of all that it reads; while it is the same the check is not run again. Null where a table
    was not finished
*/
create table ops.check_results (
    table_name varchar not null,
    check_name varchar not null,
    severity varchar not null,
    blocking boolean not null,
    passed boolean not null,
    bad_rows bigint not null,
    run_id varchar not null,
    checked_at timestamp not null,
    inputs_sha256 varchar
);
