# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of what a person decides: above the limits, without limits, and for an unknown price."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from mint_blender.jobs.budget.spending import Limits

from ..conftest import SetLimits
from .agent import Agent, Connect
from .people import Person
from .test_generate import LAMP, arguments, started

MODES = ("auto", "legacy")
"""The SDK's client with the newest protocol, and with the one of most clients."""


REASONS = (
    (Limits(each=247), "more than your limit of 247 Credits per generation"),
    (Limits(day=247), "more than your daily limit of 247 Credits"),
    (Limits(), "No spending limit is set"),
)


def ask_for_lamp(connect: Connect, person: Person | None, mode: str = "auto") -> tuple[Agent, Any]:
    agent = connect(mode=mode, elicitation_callback=person.answer if person else None)
    return agent, agent.ask("estimate", **LAMP)


@pytest.mark.covers("R-agent-limits")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("limits", "reason"), REASONS)
def test_a_person_decides_beyond_the_limits(
    connect: Connect, set_limits: SetLimits, mode: str, limits: Limits, reason: str
) -> None:
    """The question has what, how much and why; a yes starts it once, with its own limit."""
    set_limits(limits)
    person = Person()
    agent, quote = ask_for_lamp(connect, person, mode)
    assert reason in quote["person_decides"]
    words = arguments(quote, approved_credits=1000)
    job = agent.ask("generate", **words)
    (question,) = person.asked
    assert question.startswith('Generate the model "a lamp" (fast, review). About 248 Credits. ')
    assert "With revisions, up to 1,000 Credits in total." in question and reason in question
    assert job["approved_credits"] == 1000
    agent.ask("wait", jobs=[job["job"]], seconds=60)
    assert agent.ask("generate", **words)["job"] == job["job"]
    assert len(person.asked) == 1  # the same request again asks nobody
    assert started(agent.service) == 1


@pytest.mark.covers("R-agent-limits")
@pytest.mark.parametrize("mode", MODES)
def test_anything_but_a_yes_starts_nothing(connect: Connect, mode: str) -> None:
    """Decline, cancel, an unchecked box, and answers without the box; later a yes is good."""
    person = Person()
    agent, quote = ask_for_lamp(connect, person, mode)
    answers: tuple[tuple[Literal["accept", "decline", "cancel"], dict[str, Any] | None], ...] = (
        *(("accept", {"spend": False}), ("accept", {}), ("accept", None)),
        *(("cancel", None), ("decline", None)),
    )
    for person.action, person.content in answers:
        refusal = agent.refusal("generate", **arguments(quote))
    assert "The person has not agreed. Nothing was started" in refusal
    assert agent.ask("jobs")["jobs"] == []
    assert started(agent.service) == 0
    person.action, person.content = "accept", {"spend": True}
    assert agent.ask("generate", **arguments(quote))["job"]


@pytest.mark.covers("S-agent")
@pytest.mark.parametrize("mode", MODES)
def test_a_client_that_cannot_ask_is_refused(
    connect: Connect, set_limits: SetLimits, mode: str
) -> None:
    """The sentence says what a person can change."""
    set_limits(Limits(each=247))
    agent, quote = ask_for_lamp(connect, None, mode)
    refusal = agent.refusal("generate", **arguments(quote, approved_credits=100_000))
    assert "more than your limit of 247 Credits per generation" in refusal
    assert "MINT_MAX_CREDITS" in refusal
    assert "Nothing was started." in refusal
    assert started(agent.service) == 0


def test_limits_come_from_the_environment(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This is how a person allows an agent to spend without being asked."""
    monkeypatch.setenv("MINT_MAX_CREDITS", "248")
    monkeypatch.setenv("MINT_MAX_CREDITS_PER_DAY", "500")
    agent, quote = ask_for_lamp(connect, None)
    state = agent.ask("account")
    assert (state["limit_per_generation"], state["limit_per_day"]) == (248, 500)
    for name in ("one", "two"):
        agent.ask("generate", **arguments(quote, request_id=name))
        quote = agent.ask("estimate", **LAMP)
    refusal = agent.refusal("generate", **arguments(quote, request_id="three"))
    assert "With the 496 Credits spent today" in refusal


def test_a_limit_that_is_no_number_starts_nothing(
    connect: Connect, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake must not become "no limit"; no try holds a lock, which would show a program."""
    monkeypatch.setenv("MINT_MAX_CREDITS", "1.000,00")
    agent = connect(elicitation_callback=Person().answer)
    for _ in range(3):
        refusal = agent.refusal("estimate", **LAMP)
        assert 'MINT_MAX_CREDITS must be a number of Credits above 0, not "1.000,00".' in refusal
    assert started(agent.service) == 0
    assert not list(home.glob("processes/*"))


@pytest.mark.parametrize("mode", MODES)
def test_a_person_decides_about_an_unknown_price(
    connect: Connect, limits: Limits, mode: str
) -> None:
    """The estimate says that the price is unknown."""
    person = Person()
    agent = connect(mode=mode, elicitation_callback=person.answer)
    unknown = {"method": "POST", "path": "/v1/pricing:estimate", "times": 100}
    agent.service.scenario(answers=[{**unknown, "answer": {"status": 404}}])
    quote = agent.ask("estimate", **LAMP)
    assert quote["credits"] is None
    assert "Price unknown." in quote["summary"]
    job = agent.ask("generate", **arguments(quote, approved_credits=0))
    assert "Price unknown. Mint did not return a price." in person.asked[0]
    (done,) = agent.ask("wait", jobs=[job["job"]], seconds=60)["jobs"]
    assert done["phase"] == "review"
    assert started(agent.service) == 1


def test_an_agent_alone_gives_a_job_no_more_than_a_limit(agent: Agent) -> None:
    """Whatever it says that was approved."""
    quote = agent.ask("estimate", **LAMP)
    job = agent.ask("generate", **arguments(quote, approved_credits=1_000_000))
    assert job["approved_credits"] == 2000
