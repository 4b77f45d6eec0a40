# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the tool `retry`."""

from __future__ import annotations

from typing import Any

from ...mint_service.runner import ThreadService
from .agent import Agent, Connect
from .people import Person
from .test_decisions import wait
from .test_generate import LAMP, arguments


def failed_lamp(
    agent: Agent, switch: str = "transient", approved_credits: float = 2000
) -> dict[str, Any]:
    """Return a job that has failed at Mint."""
    request = {**LAMP, "mode": "auto", "prompt": f"a lamp [{switch}]"}
    quote = agent.ask("estimate", **request)
    job = agent.ask("generate", **arguments(quote, approved_credits=approved_credits))
    state = wait(agent, job["job"])
    assert (state["phase"], state["possible"]) == ("failed", ["retry"])
    return state


def retries(service: ThreadService) -> int:
    """Return how many new attempts Mint was asked for, each key once."""
    sent = service.requests("POST", "/v1/models/*:retry")
    return len({each.headers.get("Idempotency-Key", "") for each in sent})


def test_a_new_attempt_is_started_once(agent: Agent, service: ThreadService) -> None:
    """The same call again is refused: the job is no longer the one that was seen."""
    job = failed_lamp(agent)
    seen = {"job": job["job"], "revision": job["revision"]}
    agent.ask("retry", **seen, approved_credits=2000)
    refused = agent.refusal("retry", **seen, approved_credits=2000)
    assert "has changed since you saw it" in refused
    assert wait(agent, job["job"])["phase"] == "ready"
    assert retries(service) == 1


def test_an_attempt_that_costs_more_than_approved(agent: Agent, service: ThreadService) -> None:
    """Nothing is started; what the job has cost before counts."""
    job = failed_lamp(agent)
    few = {"job": job["job"], "revision": job["revision"], "approved_credits": 10}
    assert "more than the approved 10 Credits" in agent.refusal("retry", **few)
    assert retries(service) == 0


def test_a_second_failure_is_another_decision(agent: Agent, service: ThreadService) -> None:
    """A repeated call with the first revision does not pay for a third attempt."""
    job = failed_lamp(agent, "fails")
    seen = {"job": job["job"], "revision": job["revision"]}
    agent.ask("retry", **seen, approved_credits=2000)
    again = wait(agent, job["job"])
    assert again["phase"] == "failed" and again["revision"] != job["revision"]
    assert "has changed" in agent.refusal("retry", **seen, approved_credits=2000)
    assert retries(service) == 1


def test_a_person_is_asked_without_limits(connect: Connect, service: ThreadService) -> None:
    """A new attempt is more than the person has agreed to. Whoever declines pays nothing."""
    yes = Person()
    job = failed_lamp(connect(elicitation_callback=yes.answer), approved_credits=248)
    seen = {"job": job["job"], "revision": job["revision"], "approved_credits": 2000}
    no = Person(action="decline")
    assert "has not agreed" in connect(elicitation_callback=no.answer).refusal("retry", **seen)
    assert "Retry" in no.asked[0] and retries(service) == 0
    assert "limits of this server" in connect().refusal("retry", **seen)
    assert retries(service) == 0


def test_only_what_has_failed(agent: Agent) -> None:
    """A finished job is not generated again."""
    from .results import finished

    job = finished(agent)
    refusal = agent.refusal(
        "retry", job=job["job"], revision=job["revision"], approved_credits=2000
    )
    assert "is not possible now" in refusal
