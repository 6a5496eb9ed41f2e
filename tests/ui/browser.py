"""Chromium, as much of it as the tests of the UI need."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from tests.dagster_dev import wait

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
MISSING = "Chromium and its driver are not installed: apt-get install chromium chromium-driver"
QUIET = [  # no sandbox inside a container; no look-ups of Chromium's own
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1600,1000",
]


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser without a window."""
    options = Options()
    options.binary_location = CHROMIUM or ""
    for argument in QUIET:
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def text_of(browser: Any) -> str:
    """All words on the page."""
    return str(browser.find_element(By.TAG_NAME, "body").text)


def shows(browser: Any, *words: str) -> str:
    """Wait until the page shows all the words; its text."""
    wait(lambda: all(word in text_of(browser) for word in words), f"{words} at {browser.current_url}")
    return text_of(browser)


def button(browser: Any, label: str) -> Any:
    """The first button with this label, once it is there."""

    def find() -> Any:
        found = browser.find_elements(By.TAG_NAME, "button")
        return next((one for one in found if one.text.strip() == label and one.is_enabled()), None)

    return wait(find, f"button {label}")
