"""The calls that the buttons of the Dagster UI make: launch a run, look at it, terminate it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

LOCATION = {"repositoryLocationName": "pat_dagster.definitions", "repositoryName": "__repository__"}
LAUNCH = """
mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
} }
"""
TERMINATE = """
mutation($run: String!) { terminateRun(runId: $run) {
    __typename ... on TerminateRunFailure { message } ... on PythonError { message }
} }
"""
LOOK = "query($run: ID!) { runOrError(runId: $run) { ... on Run { status stepStats { stepKey status } } } }"


@dataclass(frozen=True)
class Client:
    """One running `dagster dev`."""

    address: str

    def ask(self, query: str, **variables: object) -> Any:
        """The data of a GraphQL answer; AssertionError with the errors where there are some."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = Request(f"{self.address}/graphql", body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=60) as reply:
            answer = json.loads(reply.read())
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def launch(self, job: str, partition: str) -> str:
        """Put a run into the queue; its id."""
        params = {
            "selector": {**LOCATION, "jobName": job},
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": "dagster/partition", "value": partition}]},
        }
        answer = self.ask(LAUNCH, params=params)["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def terminate(self, run: str) -> None:
        """The button Terminate."""
        answer = self.ask(TERMINATE, run=run)["terminateRun"]
        assert answer["__typename"] == "TerminateRunSuccess", answer

    def status(self, run: str) -> str:
        """QUEUED, STARTED, CANCELED, ..."""
        return str(self.ask(LOOK, run=run)["runOrError"]["status"])

    def at_work_on(self, run: str, step: str) -> bool:
        """Whether a step has begun and not ended; AssertionError when the run is over."""
        answer = self.ask(LOOK, run=run)["runOrError"]
        assert answer["status"] in {"QUEUED", "STARTING", "STARTED"}, answer
        return {"stepKey": step, "status": "IN_PROGRESS"} in answer["stepStats"]
