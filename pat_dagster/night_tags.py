"""How the runs of a night are told from others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from pat_dagster.reuse import ONLY_CHANGED

NIGHT_TAG: Final = "pat/night"
LED_BY_TAG: Final = "pat/night_led_by"  # who starts the next run of the night
PARTITION_TAG: Final = "dagster/partition"  # Dagster's own
COMMAND, SENSOR = "command", "sensor"


def night_id(moment: datetime) -> str:
    """Name of the night that began at `moment`: its UTC time, to the second."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def tags_of(night: str, led_by: str) -> dict[str, str]:
    """Tags of every run of a night; led_by: COMMAND or SENSOR."""
    return {NIGHT_TAG: night, LED_BY_TAG: led_by, **ONLY_CHANGED}


def is_night(tags: Mapping[str, str]) -> bool:
    """Whether a run is part of a night: nobody watches it."""
    return NIGHT_TAG in tags
