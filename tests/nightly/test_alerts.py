"""Somebody is told, once; a webhook that does not work changes nothing, and its URL stays secret."""

from __future__ import annotations

import json
import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pat_dagster import alerts
from pat_dagster.alerts import LONGEST, SECONDS, WEBHOOK, Alert, tell

FAILED = Alert("failure", "retrain", "0123456789", "policy.adapters", "disk full", "0003", "20260101T020000Z")
SECRET = "https://hooks.example.org/services/T0P5ECRET"
LOG = logging.getLogger("tests.alerts")


class Receiver:
    """A post that keeps what it was given, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.got: list[tuple[urllib.request.Request, float]] = []

    def __call__(self, request: urllib.request.Request, seconds: float) -> None:
        self.got.append((request, seconds))
        if self.error is not None:
            raise self.error


def test_the_text_says_what_where_and_when() -> None:
    run = "run 01234567 (retrain of iteration 0003) of night 20260101T020000Z"
    assert FAILED.text == f"{run} failed: policy.adapters: disk full"
    check = Alert("check", "watch", "0123456789", "published", "49 hours old")
    assert check.text == "run 01234567 (watch) went on, but a check failed: published: 49 hours old"


def test_without_a_webhook_the_log_is_told(caplog: pytest.LogCaptureFixture) -> None:
    receiver = Receiver()
    assert not tell(FAILED, LOG, {}, receiver)
    assert FAILED.text in caplog.text
    assert not receiver.got


def test_a_webhook_gets_json(caplog: pytest.LogCaptureFixture) -> None:
    receiver = Receiver()
    assert tell(FAILED, LOG, {WEBHOOK: SECRET}, receiver)
    ((request, seconds),) = receiver.got
    assert (request.full_url, request.method, seconds) == (SECRET, "POST", SECONDS)
    assert isinstance(request.data, bytes)
    body = json.loads(request.data)
    assert body["text"] == FAILED.text
    assert (body["kind"], body["job"], body["iteration"]) == ("failure", "retrain", "0003")
    assert FAILED.text in caplog.text  # the log is told in any case


@pytest.mark.parametrize(
    "error",
    [
        urllib.error.URLError(TimeoutError(f"{SECRET} timed out")),
        urllib.error.HTTPError(SECRET, 500, SECRET, Message(), None),
        ConnectionResetError(SECRET),
        TimeoutError(SECRET),
        ValueError(f"unknown url type: {SECRET}"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_webhook_that_fails_fails_nothing_and_is_not_named(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    assert not tell(FAILED, LOG, {WEBHOOK: SECRET}, Receiver(error))
    assert "did not take the alert" in caplog.text
    assert "T0P5ECRET" not in caplog.text


@pytest.mark.parametrize("url", ["file:///etc/passwd", "T0P5ECRET", "ftp://x"])
def test_only_http_is_a_webhook(url: str, caplog: pytest.LogCaptureFixture) -> None:
    receiver = Receiver()
    assert not tell(FAILED, LOG, {WEBHOOK: url}, receiver)
    assert not receiver.got
    assert "no http(s) URL" in caplog.text
    assert "T0P5ECRET" not in caplog.text


def test_what_is_untrusted_is_shown_and_cut() -> None:
    receiver = Receiver()
    tell(
        Alert("failure", "refresh", "r", "raw.reviews", "\x1b[2J" + "x" * 9_999),
        LOG,
        {WEBHOOK: SECRET},
        receiver,
    )
    body = json.loads(receiver.got[0][0].data or b"")  # type: ignore[arg-type]
    assert "\x1b" not in body["text"] + body["reason"]
    assert len(body["text"]) == len(body["reason"]) == LONGEST


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, list[bytes]]]:
    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            time.sleep(getattr(request, "param", 0))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    made = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}/hook", got
    made.shutdown()
    made.server_close()


def test_it_is_really_sent(server: tuple[str, list[bytes]]) -> None:
    url, got = server
    assert tell(FAILED, LOG, {WEBHOOK: url})
    assert json.loads(got[0])["place"] == "policy.adapters"


@pytest.mark.parametrize("server", [1.0], indirect=True)
def test_a_receiver_that_hangs_is_left(
    server: tuple[str, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "SECONDS", 0.1)
    assert not tell(FAILED, LOG, {WEBHOOK: server[0]})
