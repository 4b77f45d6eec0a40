# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of quotes to optimize or convert a model: `estimate_transform`, then `generate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mint_blender.jobs.budget.spending import Limits

from ...mint_service.runner import ThreadService
from .agent import Agent, Connect
from .conftest import SetLimits
from .people import Person
from .results import finished
from .test_generate import arguments


def starts(service: ThreadService, verb: str) -> int:
    """Return how often Mint was asked to start something, each key once."""
    sent = service.requests("POST", f"/v1/models/*:{verb}")
    return len({each.headers.get("Idempotency-Key", "") for each in sent})


def ended(agent: Agent, job: str) -> dict[str, Any]:
    """Wait for the end of a job, and return its state."""
    found: dict[str, Any] = agent.ask("wait", jobs=[job], seconds=20)["jobs"][0]
    return found


def test_a_model_is_optimized_once(agent: Agent, service: ThreadService) -> None:
    """The quote has Mint's price; the same request starts nothing more."""
    model = finished(agent)
    quote = agent.ask("estimate_transform", action="optimize", job=model["job"], level="light")
    assert quote["credits"] and "(light)" in quote["summary"]
    assert starts(service, "optimize") == 0
    started = agent.ask("generate", **arguments(quote, request_id="lighter"))
    assert agent.ask("generate", **arguments(quote, request_id="lighter"))["job"] == started["job"]
    done = ended(agent, started["job"])
    assert done["phase"] == "ready" and Path(done["files"]["model"]).is_file()
    assert starts(service, "optimize") == 1
    refusal = agent.refusal("estimate_transform", action="optimize", asset=model["asset"])
    assert "is optimized already" in refusal


def test_too_little_was_approved(agent: Agent, service: ThreadService) -> None:
    """Nothing is started."""
    quote = agent.ask("estimate_transform", action="optimize", job=finished(agent)["job"])
    less = arguments(quote, approved_credits=quote["credits"] - 1, request_id="less")
    assert "more than the approved" in agent.refusal("generate", **less)
    assert starts(service, "optimize") == 0


def test_a_person_is_asked_about_a_price_that_mint_does_not_give(
    connect: Connect, limits: Limits, service: ThreadService, tmp_path: Path
) -> None:
    """Conversions have no price: a client that cannot ask is refused, a person may agree."""
    model, folder = finished(connect())["job"], tmp_path / "converted"
    request = {"action": "convert", "job": model, "formats": ["fbx", "stl"], "folder": str(folder)}
    silent = connect()
    quote = silent.ask("estimate_transform", **request)
    assert quote["credits"] is None and not folder.exists()
    words = arguments(quote, approved_credits=100, request_id="formats")
    assert "did not return a price" in silent.refusal("generate", **words)
    assert starts(service, "convert") == 0
    person = Person()
    asking = connect(elicitation_callback=person.answer)
    quote = asking.ask("estimate_transform", **request)
    started = asking.ask("generate", **{**words, "quote_id": quote["quote_id"]})
    assert "FBX, STL" in person.asked[0]
    assert ended(asking, started["job"])["phase"] == "placed"
    assert {each.suffix for each in folder.iterdir()} == {".fbx", ".stl"}
    assert starts(service, "convert") == 1


def test_formats_that_exist_are_free(
    connect: Connect, set_limits: SetLimits, service: ThreadService, tmp_path: Path
) -> None:
    """Nobody is asked: they are only downloaded."""
    person = Person()
    agent = connect(elicitation_callback=person.answer)
    model = finished(agent)["job"]
    request = {"action": "convert", "job": model, "formats": ["stl"]}
    for number, folder in enumerate(("a", "b")):
        quote = agent.ask("estimate_transform", **request, folder=str(tmp_path / folder))
        words = arguments(quote, approved_credits=100, request_id=folder)
        asked = len(person.asked)
        started = agent.ask("generate", **words)
        assert ended(agent, started["job"])["phase"] == "placed"
        assert len(person.asked) - asked == (1 if number == 0 else 0)
        assert [each.suffix for each in (tmp_path / folder).iterdir()] == [".stl"]
    assert starts(service, "convert") == 1


def test_what_cannot_be_transformed(agent: Agent, service: ThreadService, tmp_path: Path) -> None:
    """Each refusal says why, and costs nothing."""
    job = finished(agent)["job"]
    world = finished(agent, prompt="a hall", kind="world")["job"]
    folder = str(tmp_path / "out")
    for sentence, request in {
        "either a job or an asset": {"action": "optimize"},
        "Only models": {"action": "optimize", "job": world},
        "no such model": {"action": "optimize", "asset": "../x"},
        "at least one format": {"action": "convert", "job": job, "folder": folder},
        "absolute path of a folder": {"action": "convert", "job": job, "formats": ["fbx"]},
    }.items():
        assert sentence in agent.refusal("estimate_transform", **request)
    assert agent.call("estimate_transform", action="explode", job=job).is_error
    assert agent.call("estimate_transform", action="optimize", asset="unknown").is_error
    (tmp_path / "file").write_text("")
    quote = agent.ask(
        "estimate_transform",
        action="convert",
        job=job,
        formats=["fbx"],
        folder=str(tmp_path / "file"),
    )
    assert quote["credits"] is None
    assert starts(service, "convert") + starts(service, "optimize") == 0
