"""Errors that are meant for the person who typed the command.

Both carry what a reader needs to act: where it went wrong, why, and the remedy. Any other exception is
a defect of this program and keeps its traceback.
"""

from __future__ import annotations

from pathlib import Path

from models.printable import printable, printable_line


class PatError(Exception):
    """An expected failure with a message for users; `exit_code` is what the command line returns."""

    exit_code = 1

    def __init__(self, reason: str, *, remedy: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy

    @property
    def where(self) -> str:
        """Where it happened, as "file, row n"; empty when there is no such place."""
        return ""

    def __str__(self) -> str:
        head = f"{self.where}: {self.reason}" if self.where else self.reason
        return printable(f"{head}\n  remedy: {self.remedy}" if self.remedy else head)


class InputError(PatError):
    """What the user gave cannot be used (file, option, recipe). Exit code 2.

    `file` and `row` (counted from 1, as in the file) say where; both are optional.
    """

    exit_code = 2

    def __init__(
        self,
        reason: str,
        *,
        file: str | Path | None = None,
        row: int | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(reason, remedy=remedy)
        self.file = str(file) if file is not None else None
        self.row = row

    @property
    def where(self) -> str:
        parts = [printable_line(self.file or ""), f"row {self.row}" if self.row is not None else ""]
        return ", ".join(part for part in parts if part)


class WorkError(PatError):
    """The input was fine and the work failed (locked warehouse, full disk, no pairs). Exit code 1.

    `step` names the table or command that failed.
    """

    exit_code = 1

    def __init__(self, reason: str, *, step: str | None = None, remedy: str | None = None) -> None:
        super().__init__(reason, remedy=remedy)
        self.step = step

    @property
    def where(self) -> str:
        return self.step or ""


class BusyError(WorkError):
    """Somebody else is at work on what is needed: it passes by itself, the same work can be tried again."""
