"""Which failures pass by themselves, and how long to wait before the same is tried again.

Only at night: whoever typed a command, or clicked, is there to decide, and waits for nobody.
"""

from __future__ import annotations

import errno
import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import dagster as dg
from dagster._core.execution.context.compute import current_execution_context

from models.errors import BusyError, InputError
from pat_dagster.operations import Operations

# A disk or a network that answers again later. A full disk is not among them: somebody must make room.
ERRNOS: Final = frozenset(
    {
        errno.EAGAIN,
        errno.EBUSY,
        errno.ECONNABORTED,
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.EHOSTUNREACH,
        errno.EINTR,
        errno.EIO,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.ENOLCK,
        errno.EPIPE,
        errno.ESTALE,
        errno.ETIMEDOUT,
    }
)
WORDS: Final = tuple(os.strerror(number) for number in sorted(ERRNOS))  # libraries in C++ and Rust say it so
STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})  # of HTTP: the server asks to come again
HTTP: Final = frozenset({"ConnectionError", "Timeout", "TransportError"})  # of requests and httpx
LIBRARIES: Final = frozenset({"duckdb", "_duckdb", "lancedb", "lance"})  # whose messages are looked at
LONGEST: Final = 3600.0  # seconds; after that the next night is near enough


def passes(error: BaseException) -> bool:
    """Whether the same work may succeed later, judged by the error and all that led to it."""
    chain = list(causes(error))
    if any(isinstance(one, InputError) for one in chain):
        return False  # the same input is wrong again
    return any(_passes(one) for one in chain)


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what it was raised from, and so on."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _passes(error: BaseException) -> bool:
    if isinstance(error, BusyError | ConnectionError | TimeoutError):
        return True
    if isinstance(error, OSError) and error.errno in ERRNOS:
        return True
    status = getattr(error, "code", None) or getattr(getattr(error, "response", None), "status_code", None)
    if status in STATUSES:
        return True
    library = type(error).__module__.split(".")[0]
    if library in {"httpx", "requests"} and HTTP & {kind.__name__ for kind in type(error).__mro__}:
        return status is None
    says_why = library in LIBRARIES or isinstance(error, RuntimeError | OSError)  # LanceDB raises these two
    return says_why and any(words in str(error) for words in WORDS)


def seconds_before(attempt: int, operations: Operations) -> float | None:
    """How long to wait before retry number `attempt` (1 first); None when it was tried often enough."""
    if attempt > operations.retries:
        return None
    return float(min(operations.retry_seconds * 2 ** (attempt - 1), LONGEST))


@contextmanager
def retried(operations: Operations | None) -> Iterator[None]:
    """What fails inside is tried again by Dagster, from the start of its asset, if the cause passes.

    operations: None tries nothing again; neither does anything outside of a run.
    """
    try:
        yield
    except Exception as error:
        context = current_execution_context.get()
        if operations is None or context is None or not passes(error):
            raise
        seconds = seconds_before(context.op_execution_context.retry_number + 1, operations)
        if seconds is None:
            raise
        context.op_execution_context.log.warning(f"again in {seconds:.0f} s: {error}")
        raise dg.RetryRequested(max_retries=operations.retries, seconds_to_wait=seconds) from error


def when_free(
    work: Callable[[], None],
    operations: Operations,
    tell: Callable[[str], object],
    wait: Callable[[float], object] = time.sleep,
) -> None:
    """Do `work`, later and later while somebody else holds what it needs; raises BusyError in the end.

    tell: gets a line about every wait, which is `wait(seconds)`.
    """
    for attempt in itertools.count(1):
        try:
            return work()
        except BusyError as error:
            seconds = seconds_before(attempt, operations)
            if seconds is None:
                raise
            tell(f"{error.reason}; again in {seconds:.0f} s")
            wait(seconds)
