# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the tools `estimate` and `generate`: nothing is paid that nobody has agreed to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mint_blender.cli.mcp_server import tools
from mint_blender.jobs.engine.job_runner import JobRunner
from mint_blender.jobs.storage import job_cache

from ...mint_service.pictures import webp
from ...mint_service.runner import ThreadService
from ..batch_helpers import animations
from ..test_batch_limit import cheap
from .agent import Agent, Connect, pictures_of

LAMP: dict[str, Any] = {"prompt": "a lamp", "preset": "fast"}


def started(service: ThreadService) -> int:
    """Return how many generations were started at Mint."""
    return len({operation.id for operation in service.operations()})


def generate(agent: Agent, quote: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Start a quote with its price, and return the job."""
    return agent.ask("generate", **arguments(quote, **changes))


def arguments(quote: dict[str, Any], **changes: Any) -> dict[str, Any]:
    of_quote = {"quote_id": quote["quote_id"], "approved_credits": quote["credits"]}
    return {**of_quote, "request_id": "one", **changes}


def test_a_job_is_returned_at_once_and_ends_at_its_preview(agent: Agent) -> None:
    """The usual way: quote, generate, wait, look, approve, wait. The price is Mint's."""
    quote = agent.ask("estimate", **LAMP)
    expected = {"credits": 248, "credits_needed": 248, "expires_in_seconds": 600}
    summary = 'Generate the model "a lamp" (fast, review). About 248 Credits.'
    assert {**expected, "person_decides": None, "summary": summary}.items() <= quote.items()
    assert started(agent.service) == 0
    job = generate(agent, quote, request_id="lamp")
    assert (job["request_id"], job["approved_credits"]) == ("lamp", 248)
    assert not job["is_waiting_for_somebody"]
    waited = agent.call("wait", jobs=[job["job"]], seconds=60)
    state = waited.structured_content
    assert state is not None
    assert (state["ended"], state["changed"]) == ("change", [job["job"]])
    (seen,) = state["jobs"]
    assert (seen["phase"], seen["revision"]) == ("review", "preview-1")
    assert Path(seen["files"]["preview"]).is_file()
    assert len(pictures_of(waited)) == 1
    approved = agent.ask("approve", job=job["job"], revision=seen["revision"], approved_credits=248)
    assert approved["revision"] == "preview-1-approved"
    done = agent.ask("wait", jobs=[job["job"]], seconds=60)["jobs"][0]
    assert (done["phase"], done["credits"]) == ("ready", 248)
    assert Path(done["files"]["model"]).is_file()
    assert started(agent.service) == 1


@pytest.mark.parametrize("is_restarted", [False, True])
def test_the_same_request_returns_the_same_job(
    limits: object, connect: Connect, is_restarted: bool
) -> None:
    """Also with another quote, and from another server, which has the journal but not the quote."""
    first = connect()
    quote = first.ask("estimate", **LAMP)
    job = generate(first, quote)
    agent = connect() if is_restarted else first
    assert generate(agent, quote)["job"] == job["job"]
    assert generate(agent, agent.ask("estimate", **LAMP))["job"] == job["job"]
    unknown = agent.refusal("generate", **arguments(quote, quote_id="unknown", request_id="new"))
    assert "has not made the quote" in unknown
    if not is_restarted:
        refusal = agent.refusal("generate", **arguments(quote, request_id="two"))
        assert "was used for the job" in refusal
    chest = agent.ask("estimate", prompt="a chest", preset="fast")
    refusal = agent.refusal("generate", **arguments(chest))
    assert f"has started the job {job['job']} with another request" in refusal
    agent.ask("wait", jobs=[job["job"]], seconds=60)
    assert started(agent.service) == 1


def test_quotes_expire(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old price is not used."""
    monkeypatch.setattr(tools, "LIFETIME", -1.0)
    quote = agent.ask("estimate", **LAMP)
    assert "has expired" in agent.refusal("generate", **arguments(quote))
    assert started(agent.service) == 0


def test_less_than_the_price_was_approved(agent: Agent) -> None:
    """The sentence has both numbers."""
    quote = agent.ask("estimate", **LAMP)
    refusal = agent.refusal("generate", **arguments(quote, approved_credits=247))
    assert "About 248 Credits. That is more than the approved 247 Credits." in refusal
    for wrong in (-1, "nan", "inf"):
        agent.refusal("generate", **arguments(quote, approved_credits=wrong))
    assert started(agent.service) == 0


def test_a_price_that_rose_is_refused(agent: Agent) -> None:
    """Mint is asked again right before the start; during an outage nothing is started."""
    quote = agent.ask("estimate", **LAMP)
    agent.service.stop()
    agent.refusal("generate", **arguments(quote))
    agent.service.start()
    agent.service.scenario(answers=[cheap(300, times=100)])
    refusal = agent.refusal("generate", **arguments(quote, approved_credits=1000))
    assert "The price has changed since the quote: it is now 300 Credits." in refusal
    assert agent.ask("jobs")["jobs"] == [] and started(agent.service) == 0
    agent.service.mint.scripted.clear()
    assert generate(agent, quote)["job"]


def test_wrong_requests_get_a_sentence(agent: Agent, tmp_path: Path) -> None:
    """What Mint would refuse is refused before anything is sent."""
    for wrong, sentence in (
        ({"prompt": " "}, "The prompt is empty"),
        ({"images": ["lamp.png"]}, "needs an absolute path"),
        ({"images": [str(tmp_path / "nowhere.png")]}, "cannot be read"),
        ({"preset": "cheap"}, "preset"),
    ):
        assert sentence in agent.refusal("estimate", **{**LAMP, **wrong})
    assert agent.service.requests("POST") == []
    made = generate(agent, agent.ask("estimate", **{**LAMP, "mode": "auto"}))
    agent.ask("wait", jobs=[made["job"]], seconds=60)
    for motion, sentence in (
        ({"motions": [" "]}, "The motion is empty"),
        ({"motions": []}, "at least 1 item"),
        ({"motions": ["walk"], "height": 99}, "99.00 m high"),
    ):
        assert sentence in agent.refusal("animate_model", job=made["job"], **motion)
    assert not agent.service.requests("POST", "*:animate")


def test_a_picture_that_changed_is_refused(agent: Agent, tmp_path: Path) -> None:
    """The person has agreed to another picture."""
    picture = tmp_path / "lamp.webp"
    picture.write_bytes(webp((0.9, 0.4, 0.1)))
    quote = agent.ask("estimate", **LAMP, images=[str(picture)])
    picture.write_bytes(webp((0.1, 0.4, 0.9)))
    assert "has changed since the quote" in agent.refusal("generate", **arguments(quote))
    assert started(agent.service) == 0


def test_a_job_that_was_never_sent_waits_for_the_same_request(
    limits: object, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash between commit and sending nothing is spent by itself."""
    first = connect()
    quote = first.ask("estimate", **LAMP)
    with monkeypatch.context() as crash:
        crash.setattr(JobRunner, "wake_own", lambda runner, job: None)
        job = generate(first, quote)["job"]
    monkeypatch.setattr(job_cache, "_requested", set())  # as in a new process
    second = connect()
    left = second.ask("wait", jobs=[job], seconds=60)
    (state,) = left["jobs"]
    assert left["ended"] == "change"
    assert "Call generate with the same request_id" in state["next"]
    resume = {"job": job, "revision": state["revision"], "approved_credits": 1000}
    assert "same request_id" in second.refusal("resume", **resume)
    assert started(second.service) == 0
    assert generate(second, quote)["job"] == job
    assert second.ask("wait", jobs=[job], seconds=60)["jobs"][0]["phase"] == "review"
    assert started(second.service) == 1


@pytest.mark.blender
@pytest.mark.one_blender
def test_a_model_is_animated_for_a_quoted_price(agent: Agent, tmp_path: Path) -> None:
    """The quote has the price of all motions; the answer names the jobs that follow the first."""
    model = {"prompt": "a knight", "preset": "fast", "mode": "auto", "pose": "t_pose"}
    made = generate(agent, agent.ask("estimate", **model))
    agent.ask("wait", jobs=[made["job"]], seconds=60)
    quote = agent.ask("animate_model", job=made["job"], motions=["walk in place", "run"])
    assert quote["credits"] == 500
    assert (
        quote["summary"] == 'Animate the model "a knight": walk in place, run. About 500 Credits.'
    )
    assert not agent.service.requests("POST", "*:animate")
    first = generate(agent, quote, request_id="two")
    (second,) = first["followers"]
    assert first["motion"] == "walk in place"
    done = agent.ask("wait", jobs=[first["job"], second], seconds=60)["jobs"]
    while any(each["phase"] != "ready" for each in done):
        done = agent.ask("wait", jobs=[first["job"], second], seconds=60)["jobs"]
    assert [each["motion"] for each in done] == ["walk in place", "run"]
    assert len(agent.service.requests("POST", "*:animate")) == 2
    (item,) = agent.ask("library")["items"]
    assert item["clips"] == ["walk in place", "run"]
    file = tmp_path / "knight.glb"
    agent.call("place", job=second, path=str(file), still=False)
    assert set(animations(file)) == {"walk in place", "run"}
    free = agent.ask("animate_model", asset=done[0]["asset"], motions=["Run"])
    assert (free["credits"], free["person_decides"]) == (0, None)
