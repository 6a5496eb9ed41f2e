"""`pat report`: one self-contained page in which every number carries the query that reproduces it."""

from pat_dagster.html_report.page import render, write_report

__all__ = ["render", "write_report"]
