"""What an unfinished `pat forget` has still to do: written before anything is removed, deleted at the end."""

from __future__ import annotations

import json
import os

from models.errors import WorkError
from pat_dagster.forgetting.subject import Subject
from pat_dagster.settings import Settings


def write(settings: Settings, subject: Subject) -> None:
    """Write it whole; it holds ids and texts, so only its owner can read it."""
    path = settings.forget_journal_path
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        json.dump(subject.to_json(), stream)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)


def read(settings: Settings) -> Subject | None:
    """What is unfinished; None when nothing is."""
    path = settings.forget_journal_path
    return Subject.from_json(json.loads(path.read_text(encoding="ascii"))) if path.exists() else None


def close(settings: Settings) -> None:
    """Everything is removed."""
    settings.forget_journal_path.unlink(missing_ok=True)


def refuse_unfinished(settings: Settings) -> None:
    """WorkError while a user is half forgotten: what a run writes now would be removed in half."""
    if settings.forget_journal_path.exists():
        raise WorkError(
            "`pat forget` was stopped before it was done",
            step=str(settings.home),
            remedy="`pat forget` without a name finishes it",
        )
