# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the tools `jobs` and `wait`."""

from __future__ import annotations

import time
from functools import partial

from mint_blender.application import session
from mint_blender.jobs.storage import job_cache

from ...mint_service.runner import ThreadService
from .agent import Agent, Connect
from .test_decisions import agent_request, lamp_at_preview, state_of
from .test_generate import LAMP, generate


def test_jobs_are_listed_newest_first(agent: Agent) -> None:
    """Also those of Blender; `only_open` leaves out what is over."""
    first = lamp_at_preview(agent)["job"]
    agent.ask("cancel", job=first, revision="preview-1")
    agent.ask("wait", jobs=[first], seconds=60)
    with session.open_job_service(readable=frozenset()) as blender:
        second = blender.start(agent_request()).id
        listed = agent.ask("jobs")
        assert [each["job"] for each in listed["jobs"]] == [second, first]
        assert not listed["has_more"]
        assert [each["job"] for each in agent.ask("jobs", only_open=True)["jobs"]] == [second]
        assert agent.ask("jobs", most=1)["has_more"]
        blender.watch([second])
    assert "most" in agent.refusal("jobs", most=0)


def test_a_wait_ends_at_the_first_of_several_jobs(agent: Agent) -> None:
    """The change is named, and the others are returned as they are."""
    agent.service.scenario(switches=[])
    jobs = []
    for name in ("one", "two"):
        quote = agent.ask("estimate", **LAMP, name=name)
        jobs.append(generate(agent, quote, request_id=name)["job"])
    seen: set[str] = set()
    while (result := agent.ask("wait", jobs=jobs, seconds=60))["ended"] == "change":
        assert not seen & set(result["changed"])
        seen |= set(result["changed"])
    # both wait for a decision, and the agent knows that
    assert (result["ended"], result["changed"], seen) == ("nothing to wait for", [], set(jobs))


def test_a_wait_ends_after_its_time(agent: Agent) -> None:
    """A job that is still working is no error. Its progress is for the person who watches."""
    agent.service.scenario(speed=0.001)
    job = generate(agent, agent.ask("estimate", **LAMP))["job"]
    told: list[tuple[float, float | None, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    waiting = {"jobs": [job], "seconds": 0.3}
    call = partial(agent.client.call_tool, "wait", waiting, progress_callback=note)
    result = agent.portal.call(call)
    assert result.structured_content["ended"] == "time"
    assert told[0][1] == 0.3 and str(told[0][2]).startswith("a lamp: ")
    assert "seconds" in agent.refusal("wait", jobs=[job], seconds=61)
    assert "jobs" in agent.refusal("wait", jobs=[])


def test_tools_answer_while_one_waits(agent: Agent) -> None:
    """A wait blocks neither the other tools nor the jobs."""
    agent.service.scenario(speed=0.001)
    job = generate(agent, agent.ask("estimate", **LAMP))["job"]
    waiting = agent.portal.start_task_soon(
        partial(agent.client.call_tool, "wait", {"jobs": [job], "seconds": 60})
    )
    assert state_of(agent, job)["job"] == job
    agent.ask("cancel", job=job, revision="preview-1-requested")
    agent.service.scenario(speed=2000)
    assert waiting.result(240).structured_content["changed"] == [job]


def test_a_server_continues_the_jobs_of_an_earlier_one(
    limits: object, connect: Connect, service: ThreadService
) -> None:
    """Without any call: what was sent is followed to its Preview."""
    service.scenario(speed=0.001)
    with session.open_job_service(readable=frozenset()) as earlier:
        job = earlier.start(agent_request()).id
        while not service.operations():
            earlier.next_event()
    service.scenario(speed=2000)
    job_cache._requested.discard(job)
    agent = connect()
    while agent.ask("jobs")["jobs"][0]["phase"] != "review":
        time.sleep(0.02)


def test_a_job_of_another_process_is_left_to_it(agent: Agent, service: ThreadService) -> None:
    """The server shows it, and does not drive it a second time."""
    service.scenario(speed=0.001)
    with session.open_job_service(readable=frozenset()) as blender:
        job = blender.start(agent_request()).id
        while not service.operations():
            blender.next_event()
        state = state_of(agent, job)
        assert (state["job"], state["is_waiting_for_somebody"]) == (job, False)
        assert state["request_id"] is None
        service.scenario(speed=2000)
        result = agent.ask("wait", jobs=[job], seconds=60)
        assert result["jobs"][0]["phase"] == "review"
    assert len(service.operations()) == 1
