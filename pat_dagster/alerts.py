"""What somebody has to be told about a night: a line in the log, and a webhook where one is set.

PAT_ALERT_WEBHOOK is a URL that gets a POST with JSON. It is a secret: it comes from the environment, and no
message, table or log repeats it. Telling never fails what it tells about.
"""

from __future__ import annotations

import json
import logging
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from models.printable import printable

WEBHOOK: Final = "PAT_ALERT_WEBHOOK"
SECONDS: Final = 10.0  # to connect, and to answer: a receiver that is slower is as good as none
LONGEST: Final = 2_000  # characters of a reason: chat systems refuse longer messages
Kind = Literal["failure", "check"]
Post = Callable[[urllib.request.Request, float], object]


@dataclass(frozen=True)
class Alert:
    """kind: a run failed, or a check did in a run that went on. place: table or check.

    run_id: empty where no run had begun or its id is not known. night: None by day.
    """

    kind: Kind
    job: str
    run_id: str
    place: str
    reason: str
    iteration: str | None = None
    night: str | None = None

    @property
    def text(self) -> str:
        """One message for people."""
        what = "failed" if self.kind == "failure" else "went on, but a check failed"
        where = f" of iteration {self.iteration}" if self.iteration else ""
        when = f" of night {self.night}" if self.night else ""
        run = f"run {self.run_id[:8]} ({self.job}{where})" if self.run_id else f"{self.job}{where}"
        return printable(f"{run}{when} {what}: {self.place}: {self.reason}")


def tell(
    alert: Alert, log: logging.Logger, environment: Mapping[str, str] = os.environ, post: Post | None = None
) -> bool:
    """Log the alert and post it where a webhook is set; whether it was taken there."""
    log.error(alert.text)
    url = environment.get(WEBHOOK, "")
    if not url:
        return False
    if urlsplit(url).scheme not in {"http", "https"}:
        log.warning(f"{WEBHOOK} is no http(s) URL: nobody was told")
        return False
    try:
        (post or _post)(_request(url, alert), SECONDS)
    except (OSError, ValueError) as error:  # URLError, HTTPError, timeouts; a URL that cannot be one
        log.warning(f"the webhook of {WEBHOOK} did not take the alert ({_kind(error)}): nobody was told")
        return False
    return True


def _request(url: str, alert: Alert) -> urllib.request.Request:
    short = alert.text if len(alert.text) <= LONGEST else alert.text[: LONGEST - 1] + "…"
    body = asdict(alert) | {"reason": printable(alert.reason)[:LONGEST], "text": short}
    return urllib.request.Request(
        url,
        data=json.dumps(body).encode("utf-8"),
        headers={"Content-Type": "application/json", "User-Agent": "pat"},
        method="POST",
    )


def _post(request: urllib.request.Request, seconds: float) -> None:
    with urllib.request.urlopen(request, timeout=seconds) as answer:
        answer.read(1)


def _kind(error: Exception) -> str:
    """What went wrong without the URL, which error messages like to repeat."""
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP status {error.code}"
    reason = getattr(error, "reason", None)
    return type(reason if isinstance(reason, Exception) else error).__name__
