# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the tools `approve`, `revise`, `resume`, `cancel`, `retry` and `transform`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mint_blender.application import session
from mint_blender.jobs.budget import prices
from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.service import JobService
from mint_blender.mint.generation_request import GenerationRequest

from ...mint_service.runner import ThreadService
from .agent import Agent, Connect, pictures_of, text_of
from .people import Person
from .results import finished
from .test_generate import LAMP, arguments

PREVIEW = "preview-1"


def lamp_at_preview(agent: Agent, approved_credits: float = 248, **changes: Any) -> dict[str, Any]:
    """Return a job that waits with its Preview."""
    quote = agent.ask("estimate", **{**LAMP, **changes})
    job = agent.ask("generate", **arguments(quote, approved_credits=approved_credits))
    return wait(agent, job["job"])


def wait(agent: Agent, job: str) -> dict[str, Any]:
    return agent.ask("wait", jobs=[job], seconds=60)["jobs"][0]


def state_of(agent: Agent, job: str) -> dict[str, Any]:
    """Return the state of a job, without waiting."""
    return agent.ask("wait", jobs=[job], seconds=0)["jobs"][0]


def decisions(service: ThreadService, verb: str, of: str = "operations") -> int:
    """Return how many decisions of a kind Mint has received, each counted once."""
    sent = service.requests("POST", f"/v1/{of}/*:{verb}")
    return len({each.headers.get("Idempotency-Key", "") for each in sent})


@pytest.fixture
def blender(signed_in: ThreadService) -> Iterator[JobService]:
    """Yield another program's job service on the same journal, as a Blender has."""
    with session.open_job_service(readable=frozenset()) as job_service:
        yield job_service


def test_a_revision_brings_another_preview(agent: Agent) -> None:
    """Each Preview has a number, and its revision is what the next decision takes."""
    job = lamp_at_preview(agent, approved_credits=1000)
    assert job["possible"] == ["approve", "revise", "cancel"]
    seen = {"job": job["job"], "revision": PREVIEW, "approved_credits": 1000}
    revised = agent.ask("revise", **seen, feedback="make it red")
    assert revised["revision"] == "preview-2-requested"
    second = wait(agent, job["job"])
    assert (second["revision"], second["previews"]) == ("preview-2", 2)
    assert second["files"]["preview"] != job["files"]["preview"]
    agent.ask("approve", **seen | {"revision": "preview-2"})
    done = wait(agent, job["job"])
    assert done["phase"] == "ready"
    assert (decisions(agent.service, "revise"), decisions(agent.service, "approve")) == (1, 1)
    for verb in ("approve", "revise", "resume", "retry", "cancel"):
        more: dict[str, Any] = {} if verb == "cancel" else {"approved_credits": 1000}
        if verb == "revise":
            more["feedback"] = "make it red"
        more["revision"] = done["revision"]
        assert "is not possible now" in agent.refusal(verb, job=job["job"], **more)
        assert 'There is no job "nowhere"' in agent.refusal(verb, job="nowhere", **more)


@pytest.mark.parametrize("verb", ["approve", "revise", "cancel"])
def test_what_was_not_seen_is_not_decided(agent: Agent, blender: JobService, verb: str) -> None:
    """A person has revised in Blender: the agent gets the new Preview instead."""
    job = lamp_at_preview(agent, approved_credits=1000)
    blender.catch_up()
    blender.set_limit(job["job"], None)
    blender.revise(job["job"], "make it blue")
    blender.watch([job["job"]])
    more: dict[str, Any] = {} if verb == "cancel" else {"approved_credits": 1000}
    if verb == "revise":
        more["feedback"] = "make it red"
    for revision, says in (
        (PREVIEW, "you saw preview-1, and it is now preview-2 (Preview ready)"),
        ("x" * 1_000_000, "Nothing was done. Look at it again."),
    ):
        result = agent.call(verb, job=job["job"], revision=revision, **more)
        assert result.is_error and says in text_of(result)
        assert len(text_of(result)) < 2000
        assert len(pictures_of(result)) == 1
        assert result.structured_content is not None
        assert result.structured_content["previews"] == 2
    assert decisions(agent.service, verb) == (1 if verb == "revise" else 0)


def test_an_approval_costs_no_more_than_was_approved(agent: Agent) -> None:
    """The whole price of the job counts, not only what is still to be spent."""
    job = lamp_at_preview(agent)
    refusal = agent.refusal("approve", job=job["job"], revision=PREVIEW, approved_credits=247)
    assert "up to 248 Credits in total, 248 of them are spent or reserved" in refusal
    assert "more than the approved 247 Credits" in refusal
    assert decisions(agent.service, "approve") == 0
    agent.ask("cancel", job=job["job"], revision=PREVIEW)
    assert wait(agent, job["job"])["phase"] == "canceled"
    assert decisions(agent.service, "cancel") == 1


def test_no_price_is_asked_for_in_the_commit(
    connect: Connect, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tool asks before: a person may think for hours, and the journal must not wait for Mint."""
    person = Person()
    agent = connect(elicitation_callback=person.answer)
    job = lamp_at_preview(agent)
    threads, ask_price = [], session.ask_price

    def ask(*values: Any, **more: Any) -> Any:
        threads.append(threading.current_thread().name)
        return ask_price(*values, **more)

    monkeypatch.setattr(session, "ask_price", ask)
    monkeypatch.setattr(prices, "PRICE_LIFETIME", -1.0)
    agent.ask("approve", job=job["job"], revision=PREVIEW, approved_credits=248)
    assert "Mint did not return a price." in person.asked[-1]
    assert threads and not any(name.startswith("jobs") for name in threads)
    assert wait(agent, job["job"])["phase"] == "ready"


def test_an_agent_raises_only_its_own_limit(agent: Agent, blender: JobService) -> None:
    """A limit of a person stays, also if the agent says that more was approved."""
    own = lamp_at_preview(agent, approved_credits=248)
    revision = {"revision": PREVIEW, "feedback": "make it red", "approved_credits": 1000}
    assert agent.ask("revise", job=own["job"], **revision)["approved_credits"] == 1000

    request = agent_request()
    theirs = blender.start(request, max_credits=248).id
    blender.watch([theirs])
    refusal = agent.refusal("revise", job=theirs, **revision)
    assert "more than the limit of 248 Credits" in refusal


def agent_request() -> Any:
    """Return the request of a lamp in review mode."""
    return GenerationRequest.parse(kind="model", mode="review", **LAMP)


@pytest.mark.parametrize("own_limit", [None, 1000])
def test_a_job_of_a_person_is_not_approved_without_a_person(
    connect: Connect, blender: JobService, own_limit: float | None
) -> None:
    """Nobody has agreed to an amount: `--max-credits` is an upper bound, no yes to its Preview."""
    theirs = blender.start(agent_request(), max_credits=own_limit).id
    blender.watch([theirs])
    approval = {"job": theirs, "revision": PREVIEW, "approved_credits": 1000}
    assert "No spending limit is set" in connect().refusal("approve", **approval)
    no, yes = Person("decline"), Person()
    refusing = connect(elicitation_callback=no.answer)
    assert "has not agreed" in refusing.refusal("approve", **approval)
    assert decisions(refusing.service, "approve") == 0
    agent = connect(elicitation_callback=yes.answer)
    agent.ask("approve", **approval)
    (question,) = yes.asked
    assert question.startswith('Approve "a lamp". The job would cost up to 248 Credits in total')
    assert wait(agent, theirs)["phase"] == "ready"
    assert decisions(agent.service, "approve") == 1


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_revision_beyond_the_start_asks_a_person(connect: Connect, mode: str) -> None:
    """It costs another Preview."""
    person = Person()
    agent = connect(mode=mode, elicitation_callback=person.answer)
    job = lamp_at_preview(agent)
    revision = {"revision": PREVIEW, "feedback": "make it red", "approved_credits": 500}
    empty = agent.refusal("revise", job=job["job"], **revision | {"feedback": " "})
    assert ("Describe what to change" in empty, len(person.asked)) == (True, 1)
    agent.ask("revise", job=job["job"], **revision)
    assert "up to 398 Credits in total" in person.asked[1]
    assert wait(agent, job["job"])["revision"] == "preview-2"
    assert decisions(agent.service, "revise") == 1


def test_an_approval_within_the_amount_of_the_start_asks_nobody_again(connect: Connect) -> None:
    """The person has agreed to the whole price at the start."""
    person = Person()
    agent = connect(elicitation_callback=person.answer)
    job = lamp_at_preview(agent)
    agent.ask("approve", job=job["job"], revision=PREVIEW, approved_credits=248)
    assert wait(agent, job["job"])["phase"] == "ready"
    assert len(person.asked) == 1


def test_a_job_that_needs_credits_is_resumed(agent: Agent, service: ThreadService) -> None:
    """After Credits were bought; until then it waits."""
    service.scenario(credits=200)
    quote = agent.ask("estimate", **LAMP)
    job = agent.ask("generate", **arguments(quote))
    state = wait(agent, job["job"])
    assert (state["phase"], state["possible"]) == ("billing", ["resume", "cancel"])
    resume = {"job": job["job"], "revision": state["revision"]}
    assert "approved 0 Credits" in agent.refusal("resume", **resume)
    service.scenario(credits=5000)
    agent.ask("resume", **resume, approved_credits=248)
    assert wait(agent, job["job"])["phase"] == "review"


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


@pytest.mark.parametrize(("switch", "phase"), [("transient", "ready"), ("fails", "failed")])
def test_a_new_attempt_is_started_once(agent: Agent, switch: str, phase: str) -> None:
    """The same call again is refused, also after another failure: the job has changed since."""
    job = failed_lamp(agent, switch)
    seen = {"job": job["job"], "revision": job["revision"], "approved_credits": 2000}
    few = agent.refusal("retry", **seen | {"approved_credits": 10})
    assert "more than the approved 10 Credits" in few
    agent.ask("retry", **seen)
    assert "has changed since you saw it" in agent.refusal("retry", **seen)
    again = wait(agent, job["job"])
    assert again["phase"] == phase and again["revision"] != job["revision"]
    assert "has changed since you saw it" in agent.refusal("retry", **seen)
    assert decisions(agent.service, "retry", "models") == 1


def test_a_person_is_asked_without_limits(connect: Connect) -> None:
    """A new attempt is more than the person has agreed to. Whoever declines pays nothing."""
    yes = Person()
    job = failed_lamp(connect(elicitation_callback=yes.answer), approved_credits=248)
    seen = {"job": job["job"], "revision": job["revision"], "approved_credits": 2000}
    no = Person(action="decline")
    refusal = connect(elicitation_callback=no.answer).refusal("retry", **seen)
    assert "has not agreed" in refusal and "Retry" in no.asked[0]
    silent = connect()
    assert "limits of this server" in silent.refusal("retry", **seen)
    assert decisions(silent.service, "retry", "models") == 0


def test_a_model_is_optimized_once(agent: Agent) -> None:
    """The quote has Mint's price; the same request starts nothing more."""
    model = finished(agent)
    quote = agent.ask("estimate_transform", action="optimize", job=model["job"], level="light")
    assert quote["credits"] and "(light)" in quote["summary"]
    assert decisions(agent.service, "optimize", "models") == 0
    started = agent.ask("generate", **arguments(quote, request_id="lighter"))
    assert agent.ask("generate", **arguments(quote, request_id="lighter"))["job"] == started["job"]
    done = wait(agent, started["job"])
    assert done["phase"] == "ready" and Path(done["files"]["model"]).is_file()
    assert decisions(agent.service, "optimize", "models") == 1
    refusal = agent.refusal("estimate_transform", action="optimize", asset=model["asset"])
    assert "is optimized already" in refusal


def test_a_person_is_asked_about_a_price_that_mint_does_not_give(
    connect: Connect, limits: Limits, tmp_path: Path
) -> None:
    """Conversions have no price: a client that cannot ask is refused, a person may agree."""
    silent = connect()
    request = {"action": "convert", "job": finished(silent)["job"], "formats": ["fbx", "stl"]}
    quote = silent.ask("estimate_transform", **request, folder=str(tmp_path / "a"))
    assert quote["credits"] is None and not (tmp_path / "a").exists()
    words = arguments(quote, approved_credits=100, request_id="formats")
    assert "did not return a price" in silent.refusal("generate", **words)
    assert decisions(silent.service, "convert", "models") == 0
    person = Person()
    asking = connect(elicitation_callback=person.answer)
    for name in ("a", "b"):
        folder = tmp_path / name
        quote = asking.ask("estimate_transform", **request, folder=str(folder))
        words = arguments(quote, approved_credits=100, request_id=name)
        started = asking.ask("generate", **words)
        assert wait(asking, started["job"])["phase"] == "placed"
        assert {path.suffix for path in folder.iterdir()} == {".fbx", ".stl"}
    (question,) = person.asked
    assert "FBX, STL" in question
    assert decisions(silent.service, "convert", "models") == 1


def test_what_cannot_be_transformed(agent: Agent, tmp_path: Path) -> None:
    """Each refusal says why, and costs nothing."""
    job = finished(agent)["job"]
    world = finished(agent, prompt="a hall", kind="world")["job"]
    folder = str(tmp_path / "out")
    for sentence, request in (
        ("either a job or an asset", {"action": "optimize"}),
        ("Only models", {"action": "optimize", "job": world}),
        ("no such model", {"action": "optimize", "asset": "../x"}),
        ("at least one format", {"action": "convert", "job": job, "folder": folder}),
        ("absolute path of a folder", {"action": "convert", "job": job, "formats": ["fbx"]}),
        ("", {"action": "explode", "job": job}),
        ("", {"action": "optimize", "asset": "unknown"}),
    ):
        assert sentence in agent.refusal("estimate_transform", **request)
    sent = [decisions(agent.service, verb, "models") for verb in ("convert", "optimize")]
    assert sent == [0, 0]
