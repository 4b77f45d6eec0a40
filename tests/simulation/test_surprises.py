# SPDX-License-Identifier: GPL-3.0-or-later
"""Each surprise outside Mint does what it says: networks, projects, clocks, folders."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from ..mint_model.messages import Request, Response
from .doubles import HOST, NOW, Always, body, request
from .hostile_folder import FORGED, LINES, REQUESTS, forge
from .network import GATEWAY_JSON, Network
from .options import Options
from .people import People
from .surprises import LONGEST_CLOCK_JUMP, LONGEST_LAG, LONGEST_REQUEST, SMALL_CLOCK_JUMP, Surprises
from .world import World, simulate

pytestmark = pytest.mark.one_blender
PLAIN = Options(surprises=False)


# -- the network


def answered(status: int) -> Response:
    """Return an answer without content."""
    return Response(status, {"Content-Type": "application/json"}, b"{}")


def network(chance: random.Random | None = None, **surprises: Any) -> Network:
    """Return a network to a service that answers everything."""
    found = Network(random.Random(1), lambda: NOW, Surprises(**surprises), chance)
    found.key_hosts = {"key-1": HOST}
    found.deliver = lambda request: answered(200)
    return found


def exchanged(network: Network, number: int) -> list[Response]:
    """Return the answers to many requests; those that got none are left out."""
    answers = []
    for each in range(number):
        try:
            answers.append(network.exchange(request("models:generate", key=f"k{each}")))
        except requests.exceptions.RequestException:
            pass
    return answers


def test_gateways_speak_json() -> None:
    """A gateway's JSON looks like a refusal, before or after the work, and is never Mint's."""
    service = network(gateways_speak_json=True)
    delivered: list[Request] = []
    service.deliver = lambda request: delivered.append(request) or answered(200)  # type: ignore[func-returns-value]
    seen: dict[int, set[bool]] = {}
    for _ in range(3000):
        before = len(delivered)
        answer = service._gateway(request("models:generate", key="k"))
        if answer.headers["Content-Type"] == "application/json":
            seen.setdefault(answer.status, set()).add(len(delivered) > before)
            assert "type" not in body(answer)
    assert seen == {status: {False, True} for status, _ in GATEWAY_JSON}


def test_a_refused_copy_is_not_heard() -> None:
    """Of a doubled request that was carried out, the refusal of its copy reaches nobody."""
    service = network()
    for first, second, heard in (
        (200, 403, 200),
        (200, 409, 409),
        (200, 503, 503),
        (403, 200, 200),
    ):
        answers = [answered(first), answered(second)]
        service.deliver = lambda request, answers=answers: answers.pop(0)  # type: ignore[misc]
        assert service._with_fault(request("me", key="k"), "doubled").status == heard


def test_files_get_no_json() -> None:
    """Only a request with an API key is refused in JSON: file hosts have other gateways."""
    service = network(Always(), gateways_speak_json=True)
    picture = Request("GET", "cdn.mint.gg", "/a.glb", {}, {}, b"")
    assert service._gateway(picture).headers["Content-Type"] == "text/html"


@pytest.mark.parametrize("shows_late", [False, True])
def test_arrives_late(shows_late: bool) -> None:
    """Lost requests arrive up to 599 seconds later, so that their result is shown within that."""
    service = network(arrives_late=True, shows_late=shows_late)
    late: list[float] = []
    service.later = lambda seconds, request: late.append(seconds)
    exchanged(service, 2000)
    latest = LONGEST_REQUEST - (LONGEST_LAG if shows_late else 0.0)
    assert latest - 2.0 < max(late) <= latest
    assert min(late) > latest - 31.0
    assert service.counts["lost before"] * 0.3 < len(late) - service.counts["delayed"] * 0.5


def test_takes_minutes() -> None:
    """Mint keeps some paid requests for minutes, after which the client gets no answer."""
    service = network(takes_minutes=True)
    held: list[float] = []
    service.hold = lambda seconds, request: held.append(seconds)
    exchanged(service, 1000)
    assert 50 < len(held) < 200
    assert 60.0 < min(held) < 120.0 and 540.0 < max(held) <= LONGEST_REQUEST
    held.clear()
    for _ in range(200):
        service._take_minutes(request("models"))
    assert not held


def test_what_is_held_arrives(tmp_path: Path) -> None:
    """A request that Mint keeps is in progress until it is carried out, exactly once."""
    world = World(1, tmp_path, PLAIN)
    start = replace(request("models:generate", key="k", token="key-of-owner-1-secret", prompt="A"))
    world._hold(300.0, start)
    world.run(299.0)
    assert world._deliver(start).status == 409
    assert not world.mint.operations.all
    world.run(2.0)
    (made,) = world.mint.operations.all
    assert world.books.sent_at == {made: 0.0}


# -- the rest of the world


def options(**more: Any) -> Callable[[Path], World]:
    """Return what makes a world with these surprises alone."""

    def make(folder: Path) -> World:
        world = World(1, folder, PLAIN)
        world.surprises = Surprises(**more)
        world._make_mint()
        world._make_network()
        return world

    return make


def test_second_project(tmp_path: Path) -> None:
    """The person has a second project on the same server, whose key sees nothing of the first."""
    world = options(second_project=True)(tmp_path)
    first, second = world.mint.projects[0], world.mint.projects[-1]
    assert (first.user, first.host) == (second.user, second.host)
    key = max(second.keys)
    assert world.network.key_hosts[key] == HOST
    start = request("models:generate", key="k", token="key-of-owner-1-secret", prompt="A")
    id = body(world._deliver(start))["id"]
    assert world._deliver(request(f"operations/{id}", token=key)).status == 404


def test_clock_jumps(tmp_path: Path) -> None:
    """The clock is off by a day at times, and is corrected in the middle of a run."""
    world = options(clock_jumps=True)(tmp_path)
    people = People(world)
    assert world.most_clock_jump == LONGEST_CLOCK_JUMP
    offsets = []
    for _ in range(60):
        people._jump()
        offsets.append(abs(world.clock.offset))
    assert max(offsets) > 60_000.0 and min(offsets) < 100.0
    world.run(24 * 3600.0)
    assert world.clock.offset == 0.0
    assert World(1, tmp_path, PLAIN).most_clock_jump == SMALL_CLOCK_JUMP


LINE = {
    "line": "tag-1",
    "job": "job-1",
    "key": "key",
    "operation": None,
    "state": "working",
    "by": "someone",
    "decision": None,
    "record": {"id": "job-1", "request": {"prompt": "batch line 1."}, "body": None},
}


def test_hostile_folder(tmp_path: Path) -> None:
    """Files of lines and of requests are forged and garbled."""
    line = tmp_path / LINES / "tag-1.json"
    line.parent.mkdir()
    done, written = set(), b""
    for number in range(200):
        line.write_text(json.dumps(LINE))
        done.add(forge(tmp_path, random.Random(number), ["operation-1"]))
        written += line.read_bytes()
    forged = {"garbage", "another_request", "another_operation", "decision"}
    assert {f"writes {each} over tag-1.json" for each in forged} <= done
    assert "writes tag-1.start.1" in done
    assert any(each.endswith(".operation") for each in done)
    assert FORGED.encode() in written and b"approve" in written and b"operation-1" in written
    made = json.dumps({"operation": "operation-1"}).encode()
    assert any(path.read_bytes() == made for path in (tmp_path / REQUESTS).iterdir())


# -- all together


def test_surprises_can_be_turned_off(tmp_path: Path) -> None:
    """A world has the surprises of its seed, or is as the product expects it."""
    assert World(1, tmp_path).surprises != Surprises()
    assert World(1, tmp_path, PLAIN).surprises == Surprises()
    assert Options().surprises and not str(Surprises())


def test_most_worlds_have_some_surprises() -> None:
    """Each switch is turned in some worlds, to each of its values, and most have several."""
    drawn = [Surprises.of(random.Random(seed)) for seed in range(400)]
    counts = [len(str(each).split(", ")) if str(each) else 0 for each in drawn]
    assert sum(3 <= count <= 9 for count in counts) > 300
    for each in fields(Surprises):
        values = Counter(asdict(one)[each.name] for one in drawn)
        assert len(values) >= 2 and min(values.values()) > 30, each.name


def test_a_world_with_surprises_repeats_its_run() -> None:
    """Two runs of a seed are the same, with all its surprises."""
    surprising = Options(jobs=10)
    first, second = simulate(3, surprising), simulate(3, surprising)
    assert replace(first, seconds=0.0) == replace(second, seconds=0.0)
