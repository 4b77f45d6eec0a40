# SPDX-License-Identifier: GPL-3.0-or-later
"""Every error situation of the command line with its exit status and its sentence."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from mint_blender.cli import results
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision, Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.phases import Verb
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind

from ..mint_service.runner import ThreadService
from .command_runner import LAMP, RunMint


@dataclass(frozen=True)
class Case:
    """What is typed in which situation, and what comes of it."""

    status: int
    says: str
    arguments: tuple[str, ...] = LAMP
    scenario: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    started: int = 0


def _prompt(text: str, *more: str) -> tuple[str, ...]:
    return ("generate", "--prompt", text, "--preset", "fast", *more)


CASES = {
    "done": Case(0, "", started=1),
    "done, in parts": Case(0, "", _prompt("a lamp [partial]"), started=1),
    "moderation": Case(1, "Mint's moderation rejected the prompt", _prompt("a lamp [moderation]"), started=1),
    "the generation failed": Case(1, "retry", _prompt("a lamp [fails]"), started=1),
    "quota": Case(1, "quota is used up", _prompt("a lamp [quota]"), started=1),
    "an unknown error": Case(1, "gremlins_in_the_machine", _prompt("a lamp [unknown-error]"), started=1),
    "canceled at mint.gg": Case(1, "Canceled", _prompt("a lamp [canceled]"), started=1),
    "forbidden": Case(1, "This API key does not have permission for this", _prompt("a lamp [forbidden]")),
    "no such command": Case(2, "invalid choice: 'make'", ("make",)),
    "no such preset": Case(2, "argument --preset: invalid choice: 'quick'", _prompt("a lamp", "--preset", "quick")),
    "an output of another kind": Case(2, '"lamp.obj" must end in .blend or .glb', _prompt("a lamp", "-o", "lamp.obj")),
    "a limit that is no number": Case(2, '"much" must be a number of Credits', _prompt("a lamp", "--max-credits", "much")),
    "no such job": Case(2, 'There is no job "nope"', ("approve", "nope")),
    "place without a file": Case(2, "No output file", ("place", "nope")),
    "a base URL that would show the key": Case(2, "must start with https://", environment={"MINT_API_BASE_URL": "http://example.com/v1"}),
    "no key": Case(3, "No Mint API key is set", environment={"MINT_API_KEY": ""}),
    "no key for check": Case(3, "No Mint API key is set", ("check",), environment={"MINT_API_KEY": ""}),
    "a wrong key": Case(3, "Mint does not accept the API key", environment={"MINT_API_KEY": "mint_wrong"}),
    "a wrong key for usage": Case(3, "Mint does not accept the API key", ("usage",), environment={"MINT_API_KEY": "mint_wrong"}),
    "a key that is none": Case(3, "Copy the whole key again", ("check",), environment={"MINT_API_KEY": "two words"}),
    "a key that is revoked meanwhile": Case(3, "Mint does not accept the API key", _prompt("a lamp [revoked]"), started=1),
    "Credits at the start": Case(4, "Buy them at", _prompt("a lamp [billing-start] [billing-unpaid]"), started=1),
    "Credits in the middle": Case(4, "more Credits to continue", _prompt("a lamp [billing-final]"), started=1),
    "402": Case(4, "Mint needs more Credits for this", _prompt("a lamp [no-credits]")),
    "above the limit": Case(4, "more than the limit of 1", _prompt("a lamp", "--max-credits", "1")),
    "nobody there": Case(5, "refused the connection", environment={"MINT_API_BASE_URL": "http://127.0.0.1:9/v1"}),
    "nobody there for check": Case(5, "refused the connection", ("check",), environment={"MINT_API_BASE_URL": "http://127.0.0.1:9/v1"}),
    "503 again and again": Case(5, "Mint is temporarily unavailable", scenario={"answers": [{"method": "POST", "path": "/v1/models:generate", "times": 99, "answer": {"word": "503"}}]}),
    "a web page instead of an answer": Case(5, "response is invalid", ("check",), scenario={"answers": [{"path": "/v1/me", "times": 10_000, "answer": {"status": 200, "text": "<html>hello</html>", "content_type": "text/html"}}]}),
    "a file that does not come": Case(5, "", _prompt("a lamp [file-403]"), started=1),
    "a Preview": Case(6, "The Preview is ready", _prompt("a lamp", "--mode", "review"), started=1),
}  # fmt: skip


@pytest.mark.covers("C8-error", "R-statuses")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_every_situation_has_its_status_and_its_sentence(
    mint: RunMint, service: ThreadService, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    """The status and the sentence are as listed, and Mint has started what the table says."""
    service.scenario(**case.scenario)
    for name, value in case.environment.items():
        monkeypatch.setenv(name, value)
    ran = mint(*case.arguments)
    assert ran.status == case.status, ran.err
    assert case.says in ran.error_text
    assert len(service.operations()) == case.started
    if case.status:
        assert ran.out == ""


@pytest.mark.parametrize(
    "case",
    [case for case in CASES.values() if case.arguments[0] == "generate" and case.status != 2],
)
def test_json_has_the_same_status_and_outcome(
    mint: RunMint, service: ThreadService, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    """With --json the status is the same, each line is an object, and the last one is the outcome."""
    service.scenario(**case.scenario)
    for name, value in case.environment.items():
        monkeypatch.setenv(name, value)
    ran = mint(*case.arguments, "--json")
    assert ran.status == case.status
    assert ran.records[-1]["event"] in ("result", "error")
    assert case.says in ran.error_text


@pytest.mark.covers("R-three-minutes")
def test_a_job_that_mint_could_not_be_reached_for_is_kept(
    mint: RunMint, service: ThreadService
) -> None:
    """Without a connection the status is 5, and `resume` finishes the job with one operation."""
    service.scenario(
        answers=[{"path": "/v1/operations/*", "times": 10_000, "answer": {"close": True}}]
    )
    ran = mint(*LAMP)
    assert ran.status == 5
    assert "Stopped waiting. Started jobs are kept: resume them later." in ran.error_text
    assert '"working"' in mint("jobs", "--json").out
    service.mint.scripted.clear()
    ran = mint("resume", "--json")
    assert ran.status == 0
    assert len(service.operations()) == 1


def test_a_short_outage_ends_no_command(mint: RunMint, service: ThreadService) -> None:
    """The command waits through an outage, says so, and writes the result."""
    service.scenario(answers=[{"path": "/v1/operations/*", "times": 12, "answer": {"close": True}}])
    ran = mint(*LAMP)
    assert ran.status == 0
    assert "Mint cannot be reached" in ran.error_text


def test_a_batch_stops_as_a_whole_without_network(
    mint: RunMint, service: ThreadService, tmp_path: Path
) -> None:
    """During an outage no more lines start, all jobs are kept, and a rerun continues."""
    file = tmp_path / "props.csv"
    file.write_text(
        "prompt,format,preset\n" + "".join(f"lamp {number},glb,fast\n" for number in range(12))
    )
    service.scenario(
        answers=[{"path": "/v1/operations/*", "times": 10_000, "answer": {"status": 503}}]
    )
    ran = mint("batch", str(file), "-o", str(tmp_path / "out"), "--jobs", "2")
    assert ran.status == 5
    assert ran.error_text.count("Stopped waiting.") == 1
    assert len(service.operations()) == 2
    service.mint.scripted.clear()
    assert mint("batch", str(file), "-o", str(tmp_path / "out"), "--jobs", "4").status == 0
    assert len(service.operations()) == 12


class Theirs:
    """A job service whose job is driven by another process that never does what was decided."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def job(self, job_id: str) -> Job:
        return self._job

    def is_active(self, job_id: str) -> bool:
        return False

    def catch_up(self) -> bool:
        return False

    def resume(self, job_id: str) -> None:
        pass


def test_wait_twenty_seconds_for_another_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The command says why it waits for another process, and how the wait ended."""
    slept: list[float] = []
    monkeypatch.setattr("mint_blender.cli.results.time.sleep", slept.append)
    said: list[str] = []
    job = replace(
        new_job(GenerationRequest(Kind.MODEL, "a lamp"), Delivery(), now=1.0),
        decision=Decision(Verb.CANCEL, "click"),
    )
    results.wait_for_other_process(Theirs(job), job.id, said.append)  # type: ignore[arg-type]
    assert sum(slept) == pytest.approx(20)
    assert (
        said[0]
        == "Another process is working on this job. Waiting up to 20 s for it to carry out your decision."
    )
    assert said[1].startswith(
        "The other process has not carried out your decision yet. It may be waiting for Mint."
    )
    assert len(said) == 2


def test_a_key_that_was_refused_can_be_replaced(
    mint: RunMint, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a refused key, the start is sent with the right key and the same idempotency key."""
    monkeypatch.setenv("MINT_API_KEY", "mint_wrong")
    assert mint(*LAMP).status == 3
    monkeypatch.setenv("MINT_API_KEY", service.key)
    assert mint("resume").status == 0
    starts = service.requests("POST", "/v1/models:generate")
    assert len({entry.idempotency_key for entry in starts}) == 1
    assert len(service.operations()) == 1


def test_an_unusable_home_is_reported(
    mint: RunMint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """If the journal cannot be written, nothing is started, and the message names the variable."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / "file"))
    ran = mint(*LAMP)
    assert ran.status == 1
    assert "MINT_BLENDER_HOME" in ran.error_text
