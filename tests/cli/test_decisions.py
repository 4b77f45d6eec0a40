# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands about jobs, also of other accounts, and jobs that Mint may have started."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mint_blender.cli import session
from mint_blender.jobs import new_jobs
from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.storage.journal import Journal
from mint_blender.jobs.workflow import look
from mint_blender.message import Message
from mint_blender.mint import errors
from mint_blender.mint.client import Client

from ..mint_service.runner import ThreadService, running_service
from ..service.contract_client import ContractClient
from .command_runner import LAMP, RunMint, read_until, start
from .mcp_server.agent import connected_agent


@pytest.fixture
def review(mint: RunMint) -> str:
    """Return a job whose Preview waits."""
    assert mint(*LAMP, "--mode", "review").status == 6
    return mint.job


@pytest.mark.parametrize("words", [("approve",), ("revise", "make it blue")], ids=lambda w: w[0])
def test_a_decision_of_a_killed_command_says_what_carries_it_out(
    mint: RunMint, review: str, service: ThreadService, home: Path, words: tuple[str, ...]
) -> None:
    """The second command names `resume`, which sends the saved approval once."""
    service.stop()
    killed = start(service, home, "approve", review)
    read_until(killed, "Mint cannot be reached")
    killed.kill()
    killed.communicate()
    service.start()
    ran = mint(words[0], review, *words[1:])
    assert ran.status == 2
    assert "an earlier decision (approve) is saved" in ran.error_text
    assert f"To carry it out: python3 -m mint_blender resume {review}" in ran.error_text
    assert mint("resume", review).status == 0
    assert len(service.requests("POST", "*:approve")) == 1
    assert service.requests("POST", "*:revise") == []


def test_approve_writes_the_output_of_generate(mint: RunMint, tmp_path: Path) -> None:
    """`approve` accepts the first letters of the id, and writes the file that `generate -o` named."""
    output = tmp_path / "lamp.glb"
    assert mint(*LAMP, "--mode", "review", "-o", str(output)).status == 6
    assert not output.exists()
    assert mint("approve", mint.job[:4]).status == 0
    assert output.read_bytes()[:4] == b"glTF"
    assert len(mint.service.requests("POST", "*:approve")) == 1


def test_revise_brings_another_preview(mint: RunMint, review: str, service: ThreadService) -> None:
    """A revision ends at the next Preview, with status 6; the earlier picture is kept."""
    first = mint.jobs()[0]["files"]["preview"]
    assert mint("revise", review, "make it blue").status == 6
    second = mint.jobs()[0]["files"]["preview"]
    assert first != second
    assert Path(first).is_file() and Path(second).is_file()
    assert [operation.feedback for operation in service.operations()] == [["make it blue"]]


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


def test_dismiss_keeps_the_files(mint: RunMint) -> None:
    """A dismissed job is not listed, and its files are kept."""
    mint(*LAMP)
    record = mint.jobs()[0]
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


@pytest.mark.parametrize(
    "prompt, mode, status",
    [("a lamp", "review", 6), ("a lamp [fails]", "auto", 1), ("a lamp", "auto", 0)],
)
def test_resume_of_a_job_that_cannot_be_resumed(
    mint: RunMint, prompt: str, mode: str, status: int
) -> None:
    """`resume JOB` of a job that cannot be resumed returns the job's status and the commands."""
    mint("generate", "--prompt", prompt, "--mode", mode)
    assert mint("resume", mint.job).status == status


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


def test_place_needs_neither_network_nor_key(
    mint: RunMint, tmp_path: Path, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A finished model is written from the files on disk, any number of times."""
    mint(*LAMP)
    service.stop()
    monkeypatch.setenv("MINT_API_KEY", "")
    for name in ("one.glb", "two.glb"):
        assert mint("place", mint.job, "-o", str(tmp_path / name)).status == 0
    assert (tmp_path / "one.glb").read_bytes() == (tmp_path / "two.glb").read_bytes()


def test_place_of_an_unfinished_job_is_refused(mint: RunMint, review: str, tmp_path: Path) -> None:
    """A job with a Preview cannot be placed: status 6 and the commands that continue it."""
    ran = mint("place", review, "-o", str(tmp_path / "lamp.glb"))
    assert ran.status == 6
    assert "not ready to place" in ran.error_text
    assert f"approve {review}" in ran.error_text


def test_an_impossible_decision_is_refused(mint: RunMint, service: ThreadService) -> None:
    """A decision about a finished job is status 2, names its state, and sends nothing."""
    mint(*LAMP)
    job, before = mint.job, len(service.log())
    for verb, *words in (("approve",), ("revise", "bluer"), ("retry",), ("cancel",)):
        ran = mint(verb, job, *words)
        assert (ran.status, "not possible now (Ready)" in ran.error_text) == (2, True), verb
    assert len(service.log()) == before


def test_jobs_names_unsent_jobs_and_how_to_send_them(
    mint: RunMint, review: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`jobs` names the number, price and command of unsent jobs; --json is unchanged."""
    ids = iter(("twin 1", "twin 2"))
    monkeypatch.setattr(new_jobs, "_new_id", lambda: next(ids))
    assert "never sent" not in mint("jobs").err
    with closing(Journal(home)) as journal:
        (known,) = journal.jobs()
        queued = replace(
            new_job(known.request, known.delivery, now=time.time() - 60, estimate=800.0),
            owner=known.owner,
        )
        journal.add(queued)
        before = len(mint.service.log())
        assert (
            "1 queued job was never sent. To send it (about 800 Credits): "
            in mint("jobs").error_text
        )
        other = new_job(known.request, known.delivery, now=time.time() - 50)
        journal.add(replace(other, owner=known.owner))
    ran = mint("jobs", "--json")
    assert "2 queued jobs were never sent. To send them (about 800 Credits): " in ran.error_text
    assert [record["event"] for record in ran.records] == ["job"] * 3
    assert len(mint.service.log()) == before
    assert "More than one job begins with" in mint("cancel", "twin").error_text


@pytest.fixture
def elsewhere(service: ThreadService, home: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a generation in another process that never ends by itself."""
    other = start(service, home, "generate", "--prompt", "a lamp [stuck]")
    read_until(other, "Generating")
    yield other
    other.kill()
    other.communicate()


def test_resume_leaves_a_job_to_the_process_that_runs_it(
    mint: RunMint, service: ThreadService, elsewhere: subprocess.Popen[str]
) -> None:
    """`resume` does not take a job from the process that is running it, and says why."""
    ran = mint("resume")
    assert ran.status == 0
    assert "No jobs were interrupted." in ran.error_text
    ran = mint("resume", mint.job)
    assert ran.status == 1
    assert "Another process is working on it." in ran.error_text
    assert len(service.requests("POST", "/v1/models:generate")) == 1


LIVES = pytest.mark.parametrize(
    "lives", [True, False], ids=["another process watches it", "its process has died"]
)


@LIVES
@pytest.mark.parametrize("is_possible", [True, False], ids=["canceled", "it goes on"])
def test_cancel_from_another_shell(
    mint: RunMint, elsewhere: subprocess.Popen[str], lives: bool, is_possible: bool
) -> None:
    """The process that runs the job carries it out, else the command itself; Mint is asked once.

    If Mint cannot cancel, the command says at once that the job continues and costs Credits.
    """
    if not lives:
        elsewhere.kill()
        elsewhere.wait()
    if is_possible:
        mint.service.scenario(cancel="everywhere")
    ran = mint("cancel", mint.job)
    (operation,) = mint.service.operations()
    assert (ran.status, operation.status) == ((0, "canceled") if is_possible else (1, "running"))
    if is_possible:
        assert elsewhere.wait(20) == (1 if lives else -signal.SIGKILL)
        assert len(mint.service.requests("POST", "*:cancel")) == 1
    else:
        assert "Mint cannot cancel this now. It continues" in ran.error_text
        assert "its result will be kept" in ran.error_text
        assert mint.jobs()[0]["state"] == "Generating"


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
def copy_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function that goes on with a copy of the journal, and looks into Mint's list at once."""
    monkeypatch.setattr(look, "SETTLED_AFTER", 0.05)

    def copy() -> None:
        shutil.copytree(home, home.with_name("copy"))
        monkeypatch.setenv("MINT_BLENDER_HOME", str(home.with_name("copy")))

    return copy


@pytest.fixture
def doubtful(mint: RunMint, service: ThreadService, copy_home: Callable[[], None]) -> str:
    """Return a job, in a copy of its journal, that two results of the library look like."""
    job = start_without_answer(mint, carried_out=True)
    copy_home()
    client = ContractClient(service)
    body = {"prompt": "a lamp", "name": "a lamp", "generationPreset": "fast"}
    client.until(client.post("/models:generate", body).json(), "succeeded")
    return job


def test_candidates_are_shown_and_one_is_used(mint: RunMint, doubtful: str) -> None:
    """Two results look like the job's: each is shown with id, name and time. Using one is free.

    The options that decide need a job.
    """
    assert mint("resume", "--use", "asset").status == mint("resume", "--once-more").status == 2
    first, other = (str(each.resource) for each in mint.service.operations())
    ran = mint("resume", doubtful)
    assert ran.status == 5
    assert "your library has something that looks like it" in ran.error_text
    for asset in (first, other):
        assert f"{asset} a lamp " in " ".join(ran.err.split())
        assert f"resume {doubtful} --use {asset}" in ran.error_text
        assert asset in mint("jobs").out
    (record,) = mint.jobs()
    assert {each["id"] for each in record["candidates"]} == {first, other}
    assert all(each["name"] == "a lamp" and each["created_at"] for each in record["candidates"])
    refused = mint("resume", doubtful, "--use", "unknown")
    assert refused.status == 2 and "This result cannot be used" in refused.error_text
    assert mint("resume", doubtful, "--use", other).status == 0
    (record,) = mint.jobs()
    assert (record["phase"], record["candidates"]) == ("ready", [])
    assert len(mint.service.operations()) == 2


def test_an_agent_reads_what_a_person_can_do(mint: RunMint, doubtful: str) -> None:
    """What looks like it, and the commands: the agent has no tool that decides."""
    assert mint("resume", doubtful).status == 5
    with connected_agent(mint.service) as agent:
        (state,) = agent.ask("wait", jobs=[doubtful])["jobs"]
    assert "Mint may have started this" in state["trouble"]["message"]
    assert [each["name"] for each in state["candidates"]] == ["a lamp", "a lamp"]
    assert f"mint-blender resume {doubtful} --use ASSET" in state["next"]
    assert f"mint-blender resume {doubtful} --once-more" in state["next"]
    assert "retry starts it again, which costs Credits again" in state["next"]
    assert len(mint.service.operations()) == 2


@pytest.mark.parametrize(
    "order", [("resume", "--once-more"), ("retry",)], ids=lambda order: order[0]
)
def test_to_start_it_again_is_an_order(
    mint: RunMint, service: ThreadService, copy_home: Callable[[], None], order: tuple[str, ...]
) -> None:
    """A copy of the journal sends nothing by itself; before the look `retry` is not possible."""
    job = start_without_answer(mint, carried_out=False)
    assert mint("retry", job).status == 2
    copy_home()
    for _ in range(2):
        ran = mint("resume", job)
        assert ran.status == 5 and not service.operations()
        assert "Mint may have started this, but it is not in your library." in ran.error_text
        assert f"resume {job} --once-more" in ran.error_text and f"retry {job}" in ran.error_text
    assert mint(order[0], job, *order[1:]).status == 0
    assert len(service.operations()) == 1


def test_once_more_of_what_was_started(mint: RunMint, doubtful: str) -> None:
    """While Mint remembers the request, it returns what it has started: nothing is paid twice."""
    assert mint("resume", doubtful).status == 5, "two look like it"
    assert mint("resume", doubtful, "--once-more").status == 0
    (record,) = mint.jobs()
    assert record["operation"] == mint.service.operations()[0].id
    assert len(mint.service.operations()) == 2


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_cancel_does_not_wait_for_the_look(
    mint: RunMint, service: ThreadService, monkeypatch: pytest.MonkeyPatch, carried_out: bool
) -> None:
    """It returns at once, with status 1: nobody knows yet. `resume` tells the end later.

    What Mint has started is kept, since it is paid for. Nothing is sent to find that out.
    """
    job = start_without_answer(mint, carried_out=carried_out)
    began = time.monotonic()
    ran = mint("cancel", job)
    assert ran.status == 1 and time.monotonic() - began < 30
    assert "Mint may have started this. Nothing more is sent for it." in ran.error_text
    assert f"resume {job}" in ran.error_text
    assert "Mint may have started this. Looking in your library in 10 minutes." in mint("jobs").out
    monkeypatch.setattr(look, "SETTLED_AFTER", 0.0)
    ran = mint("resume", job)
    (record,) = mint.jobs()
    if carried_out:
        assert record["phase"] == "ready" and "the job had already finished" in ran.out
    else:
        assert record["phase"] == "canceled" and "in your library" in ran.error_text
    assert len(service.operations()) == carried_out


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
    mint: RunMint, home: Path, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`jobs --json` has API, account and `mine`; the text says what to do."""
    result = mint("generate", "--prompt", "a lamp", "--mode", "review", "--json").result
    assert (result["mine"], result["api"]) == (True, service.api.removesuffix("/v1"))
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
        with closing(sqlite3.connect(home / "journal.sqlite3")) as database, database:
            database.execute("UPDATE jobs SET phase = 'working'")
        assert (
            "1 unfinished job belongs to another account. Use that account's key and address to continue it."
            in mint("resume").err
        )
        with closing(sqlite3.connect(home / "journal.sqlite3")) as database, database:
            database.execute("UPDATE jobs SET phase = 'review'")
        assert mint("usage", "--json").records[0]["journal"]["generations"] == 0
        assert not other.requests("POST")
    monkeypatch.delenv("MINT_API_KEY")
    monkeypatch.setenv("MINT_API_BASE_URL", service.api)
    (listed,) = mint.jobs()
    assert (listed["mine"], listed["phase"]) == (None, "review"), "without a key nobody can say"


@pytest.mark.covers("R-unreadable")
def test_an_unreadable_record_is_listed_and_kept(mint: RunMint, home: Path) -> None:
    """Other jobs work, and an unreadable record is not changed by dismissing it."""
    mint("generate", "--prompt", "a lamp")
    mint("generate", "--prompt", "a chair")
    with closing(sqlite3.connect(home / "journal.sqlite3")) as database, database:
        (damaged,) = database.execute("SELECT id FROM jobs ORDER BY created_at").fetchone()
        database.execute(
            "UPDATE jobs SET record = '{\"half', phase = 'dreaming' WHERE id = ?", (damaged,)
        )
    listed = mint.jobs()
    assert [each["event"] for each in listed] == ["job", "unreadable"]
    assert f"{damaged}  This job cannot be read" in mint("jobs").out
    assert mint("resume").status == 0
    assert mint("generate", "--prompt", "a vase").status == 0
    assert mint("dismiss", damaged).status == 0
    assert [each["event"] for each in mint.jobs()] == ["job", "job"]
    with closing(sqlite3.connect(home / "journal.sqlite3")) as database:
        row = database.execute(
            "SELECT record, phase, dismissed FROM jobs WHERE id = ?", (damaged,)
        ).fetchone()
    assert row == ('{"half', "dreaming", 1)


def _newer(home: Path) -> None:
    with closing(sqlite3.connect(home / "journal.sqlite3")) as database:
        database.execute("PRAGMA user_version = 99")


UNUSABLE: dict[str, Callable[[Path], object]] = {
    "noise": lambda home: (home / "journal.sqlite3").write_bytes(os.urandom(8192)),
    "a file instead of a folder": lambda home: (home.rmdir(), home.write_text("not a folder")),
    "newer": _newer,
}


@pytest.mark.parametrize("break_it", UNUSABLE.values(), ids=UNUSABLE)
def test_an_unusable_journal_is_reported(
    mint: RunMint, home: Path, break_it: Callable[[Path], object]
) -> None:
    """The error names the file and what to do, and nothing is sent."""
    home.mkdir()
    break_it(home)
    for command in (["jobs"], ["resume"], ["generate", "--prompt", "a lamp"]):
        ran = mint(*command)
        assert ran.status == 1 and "journal" in ran.err, command
        assert "MINT_BLENDER_HOME" in ran.err or "Update the add-on" in ran.err
    assert not mint.service.requests("POST")
