# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the tool `account`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ...mint_service.runner import ThreadService
from ..command_runner import ROOT
from .agent import Agent, Connect


def test_account_says_whose_credits_are_spent(agent: Agent, signed_in: ThreadService) -> None:
    """The key is accepted, and the Credits are those at Mint."""
    state = agent.ask("account")
    assert state["key"] == "accepted"
    assert state["credits_available"] == signed_in.credits()
    assert state["credits_spent_today"] == 0
    assert (state["limit_per_generation"], state["limit_per_day"]) == (2000, 5000)
    assert state["base_url"] == signed_in.api


def test_account_works_without_a_key(
    connect: Connect, signed_in: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing key is an answer, not an error: the agent has to say what to do."""
    monkeypatch.delenv("MINT_API_KEY")
    state = connect().ask("account")
    assert state["key"] == "missing"
    assert "MINT_API_KEY" in state["problem"]
    assert signed_in.requests() == []


def test_account_says_that_the_key_was_refused(agent: Agent, signed_in: ThreadService) -> None:
    """A key that Mint refuses is an answer, too."""
    signed_in.scenario(revoked=True)
    state = agent.ask("account")
    assert (state["key"], state["credits_available"]) == ("refused", None)
    assert state["problem"]


def test_account_says_that_another_program_runs(agent: Agent, home: Path) -> None:
    """A process that may drive jobs holds a lock, as a Blender does."""
    assert agent.ask("account")["shares_jobs"] is False
    code = (
        "import sys; from pathlib import Path;"
        " from mint_blender.jobs.storage.job_locks import ProcessLock;"
        " lock = ProcessLock(Path(sys.argv[1])); print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as other:
        assert other.stdout.readline() == b"held\n"
        assert agent.ask("account")["shares_jobs"] is True
        other.kill()
    assert agent.ask("account")["shares_jobs"] is False
