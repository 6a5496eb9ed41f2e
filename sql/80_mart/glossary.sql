/*
grain: one row per word, schema, table and column
why: What everything in this file means, in the order of the flow; the words come first.
kind: table
published_only: true
columns:
  place: order in which a reader wants to see them, 1 first
  kind: word, schema, table or column
  term: the word, or its address as schema, schema.table or schema.table.column
  table_name: schema and name of the table; null for words and schemas
  column_name: the column; null for everything else
  data_type: type of the column's values; null for everything else
  meaning: what it is; for a table what one row is, then why the table exists
*/
create table mart.glossary (
    place integer not null,
    kind varchar not null,
    term varchar not null,
    table_name varchar,
    column_name varchar,
    data_type varchar,
    meaning varchar not null
);
