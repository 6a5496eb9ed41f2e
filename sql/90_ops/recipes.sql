/*
grain: one row per recipe that something was made with
why: A recipe is a file that may change after a run; the ledger points here, so that a number stays explainable.
kind: table
columns:
  recipe_sha256: hash of the content
  name: name that the recipe gives itself
  content: the recipe as YAML, every value written out, defaults included
*/
create table ops.recipes (
    recipe_sha256 varchar not null,
    name varchar not null,
    content varchar not null
);
