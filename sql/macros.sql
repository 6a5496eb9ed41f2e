-- Macros of every warehouse connection. Temporary, so that read-only files can use them too.

-- Fingerprint of a table that ignores row order, counts duplicates and needs constant memory.
create or replace temp macro content_sha256(table_name) as table
    select
        sha256(concat_ws(
            '|', count(*), bit_xor(md5_number(to_json(r))), sum(md5_number_lower(to_json(r)))
        )) as content_sha256,
        count(*) as n_rows
    from query_table(table_name) as r;

-- The same for one iteration of a partitioned table.
create or replace temp macro iteration_sha256(table_name, partition_key) as table
    select
        sha256(concat_ws(
            '|', count(*), bit_xor(md5_number(to_json(r))), sum(md5_number_lower(to_json(r)))
        )) as content_sha256,
        count(*) as n_rows
    from query_table(table_name) as r
    where iteration = partition_key;

-- The latest fingerprint of every upstream table, as one JSON object; partitioned ones of this iteration.
-- The ledger is a parameter because a macro over a table that does not exist yet cannot be made.
create or replace temp macro upstream_versions(ledger, table_names, partition_key) as table
    with latest as (
        select table_name, content_sha256
        from query_table(ledger)
        where
            list_contains(table_names, table_name)
            and (iteration is null or partition_key is null or iteration = partition_key)
        qualify
            row_number() over (
                partition by table_name
                order by iteration desc nulls last, started_at desc
            ) = 1
    )

    select
        coalesce(
            to_json(map_from_entries(list(row(table_name, content_sha256) order by table_name)))::varchar,
            '{}'
        ) as versions
    from latest;

-- The latest fingerprint of every upstream table and partition that a partition may read: its own and earlier.
create or replace temp macro input_versions(ledger, table_names, partition_key) as table
    select
        table_name,
        iteration,
        content_sha256,
        -- rows of older versions have neither: what they say is all that anybody knows
        inputs_sha256 is not null or recipe_sha256 is null as is_finished
    from query_table(ledger)
    where
        list_contains(table_names, table_name)
        and (iteration is null or partition_key is null or iteration <= partition_key)
    qualify row_number() over (partition by table_name, iteration order by started_at desc) = 1
    order by table_name, iteration nulls first;
