# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands about a job that Mint may have started: what is shown, and what a person can do."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.workflow import look
from mint_blender.message import Message
from mint_blender.mint import errors
from mint_blender.mint.client import Client

from ..mint_service.runner import ThreadService
from ..service.contract_client import ContractClient
from .command_runner import LAMP, RunMint
from .mcp_server.agent import connected_agent


@pytest.fixture
def _fast_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look into Mint's list at once, not ten minutes later."""
    monkeypatch.setattr(look, "SETTLED_AFTER", 0.05)


def start_without_answer(mint: RunMint, *, carried_out: bool) -> str:
    """Start a lamp whose answer is lost, each time; return the id of its job."""
    start = Client.start

    def lose(self: Client, *arguments: Any, **more: Any) -> None:
        if carried_out:
            start(self, *arguments, **more)
        raise errors.Unreachable(Message("Mint cannot be reached."))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Client, "start", lose)
        assert mint(*LAMP).status == 5
    (job,) = mint("jobs", "--json").records
    return str(job["job"])


@pytest.fixture
def copy_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that works with a copy of the journal from then on, as after a restore."""

    def copy() -> None:
        shutil.copytree(home, home.with_name("copy"))
        monkeypatch.setenv("MINT_BLENDER_HOME", str(home.with_name("copy")))

    return copy


@pytest.mark.usefixtures("_fast_look")
def test_candidates_are_shown_and_one_is_used(
    mint: RunMint, service: ThreadService, copy_home: Any
) -> None:
    """Two results look like the job's: each is shown with id, name and time. Using one is free."""
    job = start_without_answer(mint, carried_out=True)
    copy_home()
    client = ContractClient(service)
    body = {"prompt": "a lamp", "name": "a lamp", "generationPreset": "fast"}
    client.until(client.post("/models:generate", body).json(), "succeeded")
    first, other = (str(each.resource) for each in service.operations())
    ran = mint("resume", job)
    assert ran.status == 5
    assert "your library has something that looks like it" in ran.error_text
    for asset in (first, other):
        assert f"{asset} a lamp " in " ".join(ran.err.split())
        assert f"resume {job} --use {asset}" in ran.error_text
        assert asset in mint("jobs").out
    (record,) = mint("jobs", "--json").records
    assert {each["id"] for each in record["candidates"]} == {first, other}
    assert all(each["name"] == "a lamp" and each["created_at"] for each in record["candidates"])
    refused = mint("resume", job, "--use", "unknown")
    assert refused.status == 2 and "This result cannot be used" in refused.error_text
    assert mint("resume", job, "--use", other).status == 0
    (record,) = mint("jobs", "--json").records
    assert (record["phase"], record["candidates"]) == ("ready", [])
    assert len(service.operations()) == 2


@pytest.mark.usefixtures("_fast_look")
def test_an_agent_reads_what_a_person_can_do(
    mint: RunMint, service: ThreadService, copy_home: Callable[[], None]
) -> None:
    """What looks like it, and the commands: the agent has no tool that decides."""
    job = start_without_answer(mint, carried_out=True)
    copy_home()
    client = ContractClient(service)
    body = {"prompt": "a lamp", "name": "a lamp", "generationPreset": "fast"}
    client.until(client.post("/models:generate", body).json(), "succeeded")
    assert mint("resume", job).status == 5
    with connected_agent(service.key) as agent:
        (state,) = agent.ask("wait", jobs=[job])["jobs"]
    assert "Mint may have started this" in state["trouble"]["message"]
    assert [each["name"] for each in state["candidates"]] == ["a lamp", "a lamp"]
    assert f"mint-blender resume {job} --use ASSET" in state["next"]
    assert f"mint-blender resume {job} --once-more" in state["next"]
    assert "retry starts it again, which costs Credits again" in state["next"]
    assert len(service.operations()) == 2


@pytest.mark.usefixtures("_fast_look")
def test_once_more_is_an_order(
    mint: RunMint, service: ThreadService, copy_home: Callable[[], None]
) -> None:
    """A copy of the journal sends nothing by itself, however often it is resumed."""
    job = start_without_answer(mint, carried_out=False)
    copy_home()
    for _ in range(2):
        ran = mint("resume", job)
        assert ran.status == 5 and not service.operations()
        assert "Mint may have started this, but it is not in your library." in ran.error_text
        assert f"resume {job} --once-more" in ran.error_text and f"retry {job}" in ran.error_text
    assert mint("resume", job, "--once-more").status == 0
    assert len(service.operations()) == 1


@pytest.mark.usefixtures("_fast_look")
def test_once_more_of_what_was_started(
    mint: RunMint, service: ThreadService, copy_home: Callable[[], None]
) -> None:
    """While Mint remembers the request, it returns what it has started: nothing is paid twice."""
    job = start_without_answer(mint, carried_out=True)
    copy_home()
    client = ContractClient(service)
    body = {"prompt": "a lamp", "name": "a lamp", "generationPreset": "fast"}
    client.until(client.post("/models:generate", body).json(), "succeeded")
    assert mint("resume", job).status == 5, "two look like it"
    assert mint("resume", job, "--once-more").status == 0
    (record,) = mint("jobs", "--json").records
    assert record["operation"] == service.operations()[0].id
    assert len(service.operations()) == 2


@pytest.mark.usefixtures("_fast_look")
def test_start_again_is_another_order(
    mint: RunMint, service: ThreadService, copy_home: Callable[[], None]
) -> None:
    """`retry` starts again what was looked for in vain; before the look it is not possible."""
    job = start_without_answer(mint, carried_out=False)
    assert mint("retry", job).status == 2
    copy_home()
    assert mint("resume", job).status == 5
    assert mint("retry", job).status == 0
    assert len(service.operations()) == 1


def test_these_options_need_a_job(mint: RunMint) -> None:
    """Alone, --use and --once-more are wrong arguments: status 2."""
    assert mint("resume", "--use", "asset").status == 2
    assert mint("resume", "--once-more").status == 2


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
    (record,) = mint("jobs", "--json").records
    if carried_out:
        assert record["phase"] == "ready" and "the job had already finished" in ran.out
    else:
        assert record["phase"] == "canceled" and "in your library" in ran.error_text
    assert len(service.operations()) == carried_out
