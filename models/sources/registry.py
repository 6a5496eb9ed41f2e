"""The registered sources of one home folder: a YAML list, written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml

from models.errors import InputError
from models.files import write_whole
from models.sources.spec import SourceSpec


def load(path: Path) -> list[SourceSpec]:
    """The sources in `path`, in the order they were added; [] when there is no such file.

    InputError when the file is not a YAML list of sources.
    """
    if not path.exists():
        return []
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(
            f"not YAML: {' '.join(str(error).split())}",
            file=path,
            remedy="fix it, or delete it and add again",
        ) from error
    if not isinstance(entries, list | None):
        raise InputError("expected a list of sources", file=path, remedy="fix it, or delete it and add again")
    specs = [SourceSpec.from_dict(entry, file=str(path)) for entry in entries or []]
    if len({key(spec) for spec in specs}) < len(specs):
        raise InputError("a source is listed twice", file=path, remedy="keep one entry per path and dataset")
    return specs


def save(path: Path, specs: Iterable[SourceSpec]) -> None:
    """Replace the list; a reader sees the old one or the new one, never half of it."""
    text = yaml.safe_dump([spec.to_dict() for spec in specs], sort_keys=False, allow_unicode=True)
    write_whole(path, text)


def add(path: Path, specs: Iterable[SourceSpec]) -> list[SourceSpec]:
    """Register sources; one with the same path and dataset takes the place of the older one.

    Paths become absolute. Returns the whole list. Check a source with `read_source` first: this
    function looks at no file but its own.
    """
    known = {key(spec): spec for spec in load(path)}
    for spec in specs:
        absolute = spec.absolute()
        known[key(absolute)] = absolute
    save(path, known.values())
    return list(known.values())


def key(spec: SourceSpec) -> tuple[str, str]:
    """What makes a source the same source."""
    return spec.path, spec.dataset
