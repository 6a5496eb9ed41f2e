"""Options that several commands share, and the grouping of the repeated source options."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, cast

import typer

from models.errors import InputError
from models.sources.spec import DATASET_NAME, TABLE_SEPARATOR, Format, SourceSpec
from pat_dagster.settings import Settings

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="Folder of the warehouse, its models and its Dagster instance.",
        show_default="$PAT_HOME or .pat",
    ),
]
Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        metavar="FILE",
        help="A file of reviews; repeatable. Left out: what this home already has, or the bundled sample.",
    ),
]
FormatOption = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        metavar="F",
        help="auto (default), pgraphrag, amazon2023, datafiniti or table. Once for all, or once per file.",
    ),
]
Dataset = Annotated[
    list[str] | None,
    typer.Option(
        "--dataset",
        metavar="NAME",
        help="Prefix of every id of the file. Once for all files, or once per file.",
        show_default="name of the file",
    ),
]
Split = Annotated[
    list[str] | None,
    typer.Option(
        "--split",
        metavar="S",
        help="train, validation or test for all users of the file. Left out: users are divided 60/20/20.",
        show_default="by user",
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        metavar="MAP",
        help="Names in a table: 'user=author,topic=sku,text=body,rating=stars'; also title, posted_at.",
    ),
]
RecipeName = Annotated[
    str, typer.Option("--recipe", metavar="NAME", help="A bundled recipe, or the path of a .yaml file.")
]


def settings_of(home: Path | None) -> Settings:
    """The home given on the command line, else that of the environment."""
    return Settings(home.expanduser().resolve()) if home is not None else Settings.from_env()


def source_specs(
    data: Sequence[str] | None,
    formats: Sequence[str] | None = None,
    datasets: Sequence[str] | None = None,
    splits: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> list[SourceSpec]:
    """Zip the repeated options into sources, in the order given; one value of an option serves all files."""
    files = list(data or [])
    groups = {"--format": formats, "--dataset": datasets, "--split": splits, "--columns": columns}
    if not files:
        given = [name for name, values in groups.items() if values]
        if given:
            raise InputError(f"{' and '.join(given)} without --data", remedy="say which file: --data FILE")
        return []
    each = {name: _spread(name, values, len(files)) for name, values in groups.items()}
    specs: list[SourceSpec] = []
    for i, file in enumerate(files):
        mapping = each["--columns"][i]
        spec = SourceSpec(
            path=file,
            dataset=each["--dataset"][i] or default_dataset(file),
            format=cast(Format, each["--format"][i] or "auto"),
            split=each["--split"][i],
            columns=_parse_columns(mapping, file) if mapping else None,
        )
        if any((spec.path, spec.dataset) == (other.path, other.dataset) for other in specs):
            raise InputError(
                f"given twice for dataset {spec.dataset}", file=file, remedy="give each file once"
            )
        specs.append(spec)
    return specs


def default_dataset(file: str) -> str:
    """The file's name up to its first dot, with every character that an id cannot hold replaced."""
    stem = Path(file.partition(TABLE_SEPARATOR)[0]).name.split(".")[0]
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", stem).lstrip("_-")[:64]
    if not DATASET_NAME.fullmatch(name):
        raise InputError("the name of the file gives no dataset name", file=file, remedy="add --dataset NAME")
    return name


def _spread(name: str, values: Sequence[str] | None, files: int) -> list[str | None]:
    if not values:
        return [None] * files
    if len(values) not in {1, files}:
        raise InputError(
            f"{len(values)} values of {name} for {files} files",
            remedy=f"give {name} once for all files, or once per --data, in the same order",
        )
    return [values[0]] * files if len(values) == 1 else list(values)


def _parse_columns(text: str, file: str) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for part in text.split(","):
        name, equals, column = (piece.strip() for piece in part.partition("="))
        if not (name and equals and column) or name in mapping:
            raise InputError(
                f"--columns {text!r} is not a list of field=column",
                file=file,
                remedy="for example --columns 'user=author,topic=sku,text=body,rating=stars'",
            )
        mapping[name] = column
    return mapping
