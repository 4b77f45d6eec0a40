# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands about jobs, also of other accounts, and jobs that Mint may have started."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mint_blender.application import session
from mint_blender.jobs import new_jobs
from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.storage.journal import Journal
from mint_blender.jobs.workflow import look
from mint_blender.message import Message
from mint_blender.mint import errors
from mint_blender.mint.client import Client

from ..harness.processes import KILLED
from ..mint_service.runner import ThreadService, running_service
from .command_runner import LAMP, RunMint, read_until, start
from .mcp_server.agent import connected_agent


@pytest.fixture
def review(mint: RunMint) -> str:
    """Return a job whose Preview waits."""
    assert mint(*LAMP, "--mode", "review").status == 6
    return mint.job


@pytest.mark.slow
def test_a_decision_of_a_killed_command_says_what_carries_it_out(
    mint: RunMint, review: str, home: Path
) -> None:
    """The second command names `resume`, which sends the saved approval once."""
    mint.service.stop()
    killed = start(mint.service, home, "approve", review)
    read_until(killed, "Mint cannot be reached")
    killed.kill()
    killed.communicate()
    mint.service.start()
    for verb, *words in (("approve",), ("revise", "make it blue")):
        ran = mint(verb, review, *words)
        assert ran.status == 2
        assert "an earlier decision (approve) is saved" in ran.error_text
        assert f"To carry it out: python3 -m mint_blender resume {review}" in ran.error_text
    assert mint("resume", review).status == 0
    assert len(mint.service.requests("POST", "*:approve")) == 1
    assert mint.service.requests("POST", "*:revise") == []


def test_what_cannot_be_resumed_or_placed(mint: RunMint, review: str, tmp_path: Path) -> None:
    """`resume JOB` has the job's status; `place` also says how it is continued."""
    ran = mint("place", review, "-o", str(tmp_path / "lamp.glb"))
    assert ran.status == mint("resume", review).status == 6
    assert "not ready to place" in ran.error_text and f"approve {review}" in ran.error_text
    for prompt, status in (("a lamp [fails]", 1), ("a lamp", 0)):
        mint("generate", "--prompt", prompt)
        assert mint("resume", mint.job).status == status


def test_approve_writes_the_output_of_generate(mint: RunMint, tmp_path: Path) -> None:
    """`approve` accepts the first letters of the id, and writes the file that `generate -o` named."""
    output = tmp_path / "lamp.glb"
    assert mint(*LAMP, "--mode", "review", "-o", str(output)).status == 6
    assert not output.exists()
    assert mint("approve", mint.job[:4]).status == 0
    assert output.read_bytes()[:4] == b"glTF"
    assert len(mint.service.requests("POST", "*:approve")) == 1


def test_revise_brings_another_preview(mint: RunMint, review: str) -> None:
    """A revision ends at the next Preview, with status 6; the earlier picture is kept."""
    first = mint.jobs()[0]["files"]["preview"]
    assert mint("revise", review, "make it blue").status == 6
    second = mint.jobs()[0]["files"]["preview"]
    assert first != second
    assert Path(first).is_file() and Path(second).is_file()
    assert [operation.feedback for operation in mint.service.operations()] == [["make it blue"]]


@pytest.mark.parametrize(
    ("switch", "status", "verb", "sent"),
    [("transient", 1, "retry", 1), ("billing-final", 4, "resume", 0)],
)
def test_stopped_jobs_continue(
    mint: RunMint, switch: str, status: int, verb: str, sent: int
) -> None:
    """The command is named, also once Credits were bought, and finishes the same operation."""
    stopped = mint("generate", "--prompt", f"a lamp [{switch}]")
    assert stopped.status == status
    assert f"{verb} {mint.job}" in stopped.err
    assert mint(verb, mint.job).status == 0
    assert len(mint.service.requests("POST", "*:retry")) == sent
    assert len(mint.service.operations()) == 1 + sent


def test_dismiss_keeps_the_files(mint: RunMint, tmp_path: Path) -> None:
    """A dismissed job is not listed, and its files are kept."""
    mint(*LAMP)
    record = mint.jobs()[0]
    mint.service.stop()
    for name in ("one.glb", "two.glb"):
        assert mint("place", record["job"], "-o", str(tmp_path / name)).status == 0
    assert (tmp_path / "one.glb").read_bytes() == (tmp_path / "two.glb").read_bytes()
    assert mint("dismiss", record["job"]).status == 0
    assert "There are no jobs." in mint("jobs").err
    assert all(Path(path).is_file() for path in record["files"].values())


@pytest.mark.covers("C5-click")
def test_resume_without_a_job_makes_no_decision(mint: RunMint, review: str) -> None:
    """`resume` without a job does not decide on Previews, failures or jobs that need Credits."""
    mint("generate", "--prompt", "a mug [fails]")
    mint("generate", "--prompt", "a chair [billing-final]")
    before = len(mint.service.log())
    ran = mint("resume")
    assert ran.status == 0
    assert "No jobs were interrupted." in ran.err
    assert len(mint.service.log()) == before


def test_resume_writes_missing_output(mint: RunMint, tmp_path: Path) -> None:
    """`resume` writes a file that a kill or an error left unwritten, without a request to Mint."""
    output = tmp_path / "out" / "lamp.glb"
    mint(*LAMP, "--mode", "review", "-o", str(output))
    output.parent.rmdir()
    output.parent.write_text("in the way")
    ran = mint("approve", mint.job)
    assert ran.status == 7
    assert "Mint's files are kept" in ran.error_text
    output.parent.unlink()
    assert mint("resume").status == 0
    assert output.is_file()


def test_an_impossible_decision_is_refused(mint: RunMint, service: ThreadService) -> None:
    """A decision about a finished job is status 2, names its state, and sends nothing."""
    mint(*LAMP)
    job, before = mint.job, len(service.log())
    for verb, *words in (("approve",), ("revise", "bluer"), ("retry",), ("cancel",)):
        ran = mint(verb, job, *words)
        assert (ran.status, "not possible now (Ready)" in ran.error_text) == (2, True), verb
    assert len(service.log()) == before


def test_several_jobs_at_once(mint: RunMint) -> None:
    """Jobs are listed by phase and number, and canceled and removed together, with a line each."""
    for prompt in ("a lamp", "a mug", "a vase"):
        ran = mint("generate", "--prompt", prompt, "--mode", "review", "--max-credits", "1000")
        assert ran.status == 6
    assert mint(*LAMP).status == 0
    listed = [job["job"] for job in mint("jobs", "--phase", "review", "--json").records]
    assert len(listed) == 3 and {job["expected_credits"] for job in mint.jobs()} == {248, 798}
    assert [each["job"] for each in mint("jobs", "--limit", "2", "--json").records][1] == listed[0]
    assert mint("jobs", "--since", "2999-01-01").out == ""
    ran = mint("cancel", *listed[:2])
    assert (ran.status, ran.err.count("a vase: Canceled"), ran.err.count("a mug: Canceled")) == (
        0,
        1,
        1,
    )
    refused = mint("retry", listed[0])
    assert refused.status == 2 and f"variation {listed[0]}" in refused.error_text
    assert mint("cancel", "--all").status == 0 and mint("cancel").status == 2
    assert {job["phase"] for job in mint.jobs()} == {"canceled", "ready"}
    assert "No job can be canceled." in mint("cancel", "--all").err
    assert mint("dismiss", *listed).status == 0 and len(mint.jobs()) == 1


def test_jobs_names_unsent_jobs_and_how_to_send_them(
    mint: RunMint, review: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`jobs` names the number, price and command of unsent jobs; --json is unchanged."""
    ids = iter(("twin 1", "twin 2"))
    monkeypatch.setattr(new_jobs, "_new_id", lambda: next(ids))
    assert "never sent" not in mint("jobs").err
    before = len(mint.service.log())
    with closing(Journal(home)) as journal:
        (job,) = journal.jobs()
        for age, estimate, says in (
            (60, 800.0, "1 queued job was never sent. To send it (about 800 Credits): "),
            (50, None, "2 queued jobs were never sent. To send them (about 800 Credits): "),
        ):
            now = time.time() - age
            queued = new_job(job.request, job.delivery, now=now, estimate=estimate)
            journal.add(replace(queued, owner=job.owner))
            ran = mint("jobs", "--json")
            assert says in ran.error_text
    assert [record["event"] for record in ran.records] == ["job"] * 3
    assert len(mint.service.log()) == before
    assert "More than one job begins with" in mint("cancel", "twin").error_text


@pytest.mark.windows
@pytest.mark.slow
@pytest.mark.parametrize("lives", [True, False], ids=["it is watched", "its process has died"])
def test_a_job_of_another_shell(mint: RunMint, home: Path, lives: bool) -> None:
    """`resume` leaves a job to the process that runs it, and `cancel` lets it carry that out."""
    with start(mint.service, home, "generate", "--prompt", "a lamp [stuck]") as other:
        read_until(other, "Generating")
        if lives:
            assert "No jobs were interrupted." in mint("resume").error_text
            ran = mint("resume", mint.job)
            assert ran.status == 8 and "Another process is working on it." in ran.error_text
        else:
            other.kill()
            other.wait()
        ran = mint("cancel", mint.job)
        assert ran.status == 1
        assert "Mint cannot cancel this now. It continues" in ran.error_text
        assert "its result will be kept" in ran.error_text
        assert mint.jobs()[0]["state"] == "Generating"
        mint.service.scenario(cancel="everywhere")
        assert mint("cancel", mint.job).status == 0
        assert other.wait(240) == (1 if lives else KILLED)
    (operation,) = mint.service.operations()
    assert operation.status == "canceled"


def copy_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go on with a copy of the journal, and look into Mint's list at once."""
    monkeypatch.setattr(look, "SETTLED_AFTER", 0.05)
    shutil.copytree(home, home.with_name("copy"))
    monkeypatch.setenv("MINT_BLENDER_HOME", str(home.with_name("copy")))


def start_without_answer(mint: RunMint, *, carried_out: bool) -> str:
    """Start a lamp whose answer is lost, each time; return the id of its job."""
    pay = Client.pay

    def lose(self: Client, *arguments: Any, **more: Any) -> None:
        if carried_out:
            pay(self, *arguments, **more)
        raise errors.Unreachable(Message("Mint cannot be reached."))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Client, "pay", lose)
        assert mint(*LAMP).status == 5
    (job,) = mint.jobs()
    return str(job["job"])


@pytest.fixture
def doubtful(mint: RunMint, home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a job, in a copy of its journal, that two results of the library look like."""
    job = start_without_answer(mint, carried_out=True)
    copy_home(home, monkeypatch)
    with monkeypatch.context() as another_machine:
        another_machine.setenv("MINT_BLENDER_HOME", str(home.with_name("elsewhere")))
        assert mint(*LAMP).status == 0
    return job


def test_candidates_are_shown_and_one_is_used(mint: RunMint, doubtful: str) -> None:
    """Two results look like the job's: each is shown with id, name and time. Using one is free."""
    assert mint("resume", "--use", "asset").status == mint("resume", "--once-more").status == 2
    first, other = (str(operation.resource) for operation in mint.service.operations())
    ran = mint("resume", doubtful)
    assert ran.status == 5
    assert "If one of these is it, use it." in ran.error_text
    for asset in (first, other):
        assert f"{asset} a lamp " in " ".join(ran.err.split())
        assert f"resume {doubtful} --use {asset}" in ran.error_text
        assert asset in mint("jobs").out
    (record,) = mint.jobs()
    assert {candidate["id"] for candidate in record["candidates"]} == {first, other}
    assert all(shown["name"] == "a lamp" and shown["created_at"] for shown in record["candidates"])
    with connected_agent(mint.service) as agent:
        (state,) = agent.ask("wait", jobs=[doubtful])["jobs"]
    for words in ("--use ASSET", "--once-more"):
        assert f"mint-blender resume {doubtful} {words}" in state["next"]
    assert "retry starts it again, which costs Credits again" in state["next"]
    refused = mint("resume", doubtful, "--use", "unknown")
    assert refused.status == 2 and "This result cannot be used" in refused.error_text
    assert mint("resume", doubtful, "--use", other).status == 0
    (record,) = mint.jobs()
    assert (record["phase"], record["candidates"]) == ("ready", [])
    assert len(mint.service.operations()) == 2


@pytest.mark.parametrize("order", [("resume", "--once-more"), ("retry",)], ids=" ".join)
def test_to_start_it_again_is_an_order(
    mint: RunMint, home: Path, monkeypatch: pytest.MonkeyPatch, order: tuple[str, ...]
) -> None:
    """A copy of the journal sends nothing by itself; before the look `retry` is not possible."""
    job = start_without_answer(mint, carried_out=False)
    assert mint("retry", job).status == 2
    copy_home(home, monkeypatch)
    for _ in range(2):
        ran = mint("resume", job)
        assert ran.status == 5 and not mint.service.operations()
        assert "Mint may have started this, but it is not in your library." in ran.error_text
        assert f"resume {job} --once-more" in ran.error_text and f"retry {job}" in ran.error_text
    assert mint(order[0], job, *order[1:]).status == 0
    assert len(mint.service.operations()) == 1


def test_once_more_of_what_was_started(mint: RunMint, doubtful: str) -> None:
    """While Mint remembers the request, it returns what it has started: nothing is paid twice."""
    assert mint("resume", doubtful).status == 5, "two look like it"
    assert mint("resume", doubtful, "--once-more").status == 0
    (record,) = mint.jobs()
    assert record["operation"] == mint.service.operations()[0].id
    assert len(mint.service.operations()) == 2


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_cancel_does_not_wait_for_the_look(
    mint: RunMint, monkeypatch: pytest.MonkeyPatch, carried_out: bool
) -> None:
    """It returns at once, with status 1: nobody knows yet. `resume` tells the end later."""
    job = start_without_answer(mint, carried_out=carried_out)
    ran = mint("cancel", job)
    assert ran.status == 1
    assert "Mint may have started this. Nothing more is sent for it." in ran.error_text
    assert f"resume {job}" in ran.error_text
    assert "Mint may have started this. Looking in your library in 10 minutes." in mint("jobs").out
    monkeypatch.setattr(look, "SETTLED_AFTER", 0.0)
    ran = mint("resume", job)
    (record,) = mint.jobs()
    if carried_out:
        assert record["phase"] == "paused" and len(record["candidates"]) == 1
        assert mint("cancel", job).status == 0 and mint.jobs()[0]["phase"] == "canceled"
    else:
        assert record["phase"] == "canceled" and "in your library" in ran.error_text
    assert len(mint.service.operations()) == carried_out


def change(home: Path, statement: str, *values: str) -> Any:
    """Change the journal behind the back of commands; return the first row of a query."""
    with closing(sqlite3.connect(home / "journal.sqlite3")) as database, database:
        return database.execute(statement, values).fetchone()


@pytest.mark.covers("S-key-address")
def test_an_address_of_the_environment_does_not_get_a_stored_key(
    mint: RunMint, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stored key is not sent to another address: status 3, and no request."""
    monkeypatch.delenv("MINT_API_KEY")
    stored = SimpleNamespace(
        stored_account=lambda: (service.key, ""),
        confirmed_origins=frozenset,
        may_go_online=lambda: True,
        limits=Limits,
    )
    monkeypatch.setattr(session, "_preferences", lambda: stored)
    for command in (["check"], ["generate", "--prompt", "a lamp"], ["models"], ["resume"]):
        ran = mint(*command)
        assert ran.status == 3
        assert (
            f"MINT_API_BASE_URL points to {service.api.removesuffix('/v1')}, so your stored API key was not sent."
            in ran.err
        )
    assert service.log() == []
    stored.confirmed_origins = lambda: frozenset({service.api.removesuffix("/v1")})
    assert mint("check").status == 0


def test_jobs_name_their_account(
    mint: RunMint, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`jobs --json` has API, account and `mine`; the text says what to do."""
    origin = mint.service.api.removesuffix("/v1")
    result = mint("generate", "--prompt", "a lamp", "--mode", "review", "--json").result
    assert (result["mine"], result["api"]) == (True, origin)
    assert result["account"].startswith("user:")
    with running_service(speed=2000) as other:
        monkeypatch.setenv("MINT_API_KEY", other.key)
        monkeypatch.setenv("MINT_API_BASE_URL", other.api)
        (listed,) = mint.jobs()
        assert (listed["mine"], listed["state"]) == (False, "Belongs to another account")
        assert "a lamp: Belongs to another account" in mint("jobs").out
        for command in ("approve", "cancel", "resume"):
            ran = mint(command, listed["job"])
            assert ran.status == 3
            assert "belongs to another account. Use that account's API key and address" in ran.err
        assert "No jobs were interrupted" in mint("resume").err
        change(home, "UPDATE jobs SET phase = 'working'")
        says = "1 unfinished job belongs to another account. Use that account's key and address"
        assert says in mint("resume").err
        change(home, "UPDATE jobs SET phase = 'review'")
        assert mint("usage", "--json").records[0]["journal"]["generations"] == 0
        assert not other.requests("POST")
    monkeypatch.delenv("MINT_API_KEY")
    monkeypatch.setenv("MINT_API_BASE_URL", mint.service.api)
    (listed,) = mint.jobs()
    assert (listed["mine"], listed["phase"]) == (None, "review"), "without a key nobody can say"


@pytest.mark.covers("R-unreadable")
def test_an_unreadable_record_is_listed_and_kept(mint: RunMint, home: Path) -> None:
    """Other jobs work, and an unreadable record is not changed by dismissing it."""
    mint("generate", "--prompt", "a lamp")
    mint("generate", "--prompt", "a chair")
    (damaged,) = change(home, "SELECT id FROM jobs ORDER BY created_at")
    damage = "UPDATE jobs SET record = '{\"half', phase = 'dreaming' WHERE id = ?"
    change(home, damage, damaged)
    assert [record["event"] for record in mint.jobs()] == ["job", "unreadable"]
    assert f"{damaged}  This job cannot be read" in mint("jobs").out
    assert mint("resume").status == 0
    assert mint("generate", "--prompt", "a vase").status == 0
    assert mint("dismiss", damaged).status == 0
    assert [record["event"] for record in mint.jobs()] == ["job", "job"]
    row = change(home, "SELECT record, phase, dismissed FROM jobs WHERE id = ?", damaged)
    assert row == ('{"half', "dreaming", 1)


def test_an_unusable_journal_is_reported(mint: RunMint, home: Path) -> None:
    """The error names the file and what to do, and nothing is sent."""
    home.mkdir()
    (home / "journal.sqlite3").write_bytes(os.urandom(8192))
    for command in (["jobs"], ["resume"], ["generate", "--prompt", "a lamp"]):
        ran = mint(*command)
        assert ran.status == 9 and "journal" in ran.err, command
        assert "MINT_BLENDER_HOME" in ran.err
    assert not mint.service.requests("POST")
