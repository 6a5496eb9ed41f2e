"""Users who are half forgotten, and the salt by which the others are recognized."""

from __future__ import annotations

from collections.abc import Iterator

from models.errors import WorkError
from pat_dagster.doctor.findings import Finding
from pat_dagster.forgetting import journal
from pat_dagster.forgetting.ledger import lost_rows
from pat_dagster.forgetting.registry import forgotten_users
from pat_dagster.resources.warehouse import open_database
from pat_dagster.settings import Settings


def forgotten(settings: Settings) -> Iterator[Finding]:
    """Nobody is half forgotten, and nobody who was forgotten can come back."""
    unfinished = journal.read(settings)
    if unfinished is not None:
        detail = f"`pat forget` was stopped before {len(unfinished.users):,} users were gone everywhere"
        yield Finding("FAIL", "forgotten users", detail, "`pat forget` without a name finishes it")
        return
    with open_database(settings.warehouse_path, read_only=True) as con:
        try:
            known = forgotten_users(con, settings)
        except WorkError as error:
            yield Finding("FAIL", "forgotten users", error.reason, error.remedy or "")
            return
        lost = sorted(lost_rows(con))
    if lost:
        detail = f"{len(known.hashes):,}; {len(lost)} tables lost rows and were not written since"
        yield Finding("WARN", "forgotten users", detail, "`pat run` makes again what others lost")
    elif known.hashes:
        yield Finding("OK", "forgotten users", f"{len(known.hashes):,}, known by a salted hash alone")
