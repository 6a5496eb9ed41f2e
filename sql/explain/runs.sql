/*
title: The run that wrote a text, its recipe and code, and every table it rests on
why: >-
  The last part of what `pat explain` shows: each table as it was when it was read, which code made it from which
  content, and whether the warehouse still holds that content.
variables:
  explained_source: evaluation or request
  explained_iteration: turn of the loop
  explained_arm: way to write the text, pat for requests
  explained_id: example_id or request_id
columns:
  node: key of the node, as in the first part
  parent: key of the node above
  kind: run or table
  id: the Dagster run, null where nobody recorded it; the table
  text: null
  detail: JSON object, what else is known of a node of this kind
*/
with recursive
wanted as (
    select
        getvariable('explained_source')::varchar as source,
        getvariable('explained_iteration')::varchar as iteration,
        getvariable('explained_arm')::varchar as arm,
        getvariable('explained_id')::varchar as text_id
),

text_runs as (
    select text_runs.*
    from ops.text_runs
    inner join wanted using (iteration, arm)
    where wanted.source = 'evaluation' and text_runs.example_id = wanted.text_id
),

request_runs as (
    select request_runs.*
    from ops.request_runs
    cross join wanted
    where wanted.source = 'request' and request_runs.request_id = wanted.text_id
),

written_by as (
    select
        run_id,
        'evaluation.predictions' as table_name
    from text_runs
    union all
    select
        run_id,
        'request.answers' as table_name
    from request_runs
),

recipes as (
    select * from ops.recipes
),

ledger as (
    select
        *,
        row_number() over (order by started_at, table_name, iteration) as place
    from ops.materializations
),

upstream as (
    select
        place,
        unnest(json_keys(upstream_versions)) as upstream_table,
        upstream_versions
    from ledger
),

versions as (
    select
        place,
        upstream_table,
        json_extract_string(upstream_versions, '$."' || upstream_table || '"') as content_sha256
    from upstream
),

-- what each materialization read, as it was then: the last one before it with that content
read_from as (
    select
        versions.place,
        ledger.place as upstream_place
    from versions
    inner join ledger
        on
            versions.upstream_table = ledger.table_name
            and versions.content_sha256 = ledger.content_sha256
            and versions.place > ledger.place
    qualify row_number() over (partition by versions.place, ledger.table_name order by ledger.place desc) = 1
),

writing as (
    select ledger.*
    from ledger
    inner join written_by using (run_id, table_name)
    cross join wanted
    where ledger.iteration is null or ledger.iteration = wanted.iteration
    qualify row_number() over (order by ledger.place desc) = 1
),

made as (
    select place
    from writing
    union
    select read_from.upstream_place as place
    from made
    inner join read_from using (place)
),

newest as (
    select
        table_name,
        iteration,
        content_sha256
    from ledger
    qualify row_number() over (partition by table_name, iteration order by place desc) = 1
)

select
    't.5' as node,
    't' as parent,
    'run' as kind,
    written_by.run_id as id,
    null::varchar as text,
    to_json({
        'iteration': wanted.iteration,
        'table': written_by.table_name,
        'code_version': writing.code_version,
        'recipe': recipes.name,
        'recipe_sha256': writing.recipe_sha256,
        'started_at': writing.started_at
    })::varchar as detail
from wanted
left join written_by on true
left join writing using (run_id)
left join recipes using (recipe_sha256)
union all
select
    't.5.m' || lpad(ledger.place::varchar, 9, '0') as node,
    't.5' as parent,
    'table' as kind,
    ledger.table_name as id,
    null::varchar as text,
    to_json({
        'iteration': ledger.iteration,
        'rows': ledger.rows,
        'content_sha256': ledger.content_sha256,
        'is_as_today': ledger.content_sha256 = newest.content_sha256,
        'code_version': ledger.code_version,
        'recipe_sha256': ledger.recipe_sha256,
        'run_id': ledger.run_id,
        'started_at': ledger.started_at
    })::varchar as detail
from ledger
inner join newest
    on ledger.table_name = newest.table_name and ledger.iteration is not distinct from newest.iteration
where ledger.place in (select place from made)
