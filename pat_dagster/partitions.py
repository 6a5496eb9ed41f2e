"""The partition key of everything that happens once per iteration."""

import dagster as dg

ITERATIONS = dg.DynamicPartitionsDefinition(name="iteration")


def iteration_key(number: int) -> str:
    """Partition key of an iteration: `0000`, `0001`, ... so that text order is number order."""
    if not 0 <= number <= 9999:
        raise ValueError(f"iteration {number} is outside 0..9999, the range of four-digit keys")
    return f"{number:04d}"
