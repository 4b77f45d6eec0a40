# SPDX-License-Identifier: GPL-3.0-or-later
"""Each surprise changes what the product meets: none is a switch without an effect."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest
import requests

from ..mint_model.messages import Response
from ..mint_model.operations import LIMIT
from .doubles import HOST, NOW, Mint, request
from .hostile_folder import FORGED, LINES, REQUESTS, forge
from .network import Network
from .options import CHOICES, DAY, LONGEST_CLOCK_JUMP, SMALL_CLOCK_JUMP, Options, Surprises
from .people import People
from .world import World

pytestmark = pytest.mark.one_blender
PLAIN = Options(surprises=False)
OF_THE_NETWORK = {"takes_minutes", "arrives_late", "gateways_speak_json"}
OF_THE_WORLD = {"second_project", "clock_jumps", "hostile_folder"}
SWITCHES = [
    (each.name, value)
    for each in fields(Surprises)
    if each.name not in OF_THE_WORLD
    for value in CHOICES.get(each.name, (True,))
]


def answers(**surprises: Any) -> list[Response]:
    """Return what Mint says to a fixed sequence of requests."""
    mint = Mint(**surprises)
    found: list[Response] = []
    for number in range(LIMIT):
        for kind in ("models", "worlds"):
            found += [mint.start(f"{kind} {number}", kind=kind) for _ in range(2)]
        mint.pass_time(1.0)
    found += [mint.start("models 0", token) for token in ("key-1", "key-2", "key-3")]
    found += [mint.call(kind) for kind in ("models", "worlds")]
    for days in (1.25, 10.0):
        mint.pass_time(days * DAY)
        found.append(mint.start("models 0"))
    return found


def exchanges(**surprises: Any) -> list[Any]:
    """Return what becomes of many paid requests on their way to a Mint that accepts each."""
    network = Network(random.Random(1), lambda: NOW, Surprises(**surprises), random.Random(1))
    network.key_hosts = {"key-1": HOST}
    network.deliver = lambda request: Response(200, {}, b"{}")
    found: list[Any] = []
    network.later = lambda seconds, request: found.append(("late", seconds))
    network.hold = lambda seconds, request: found.append(("held", seconds))
    for number in range(300):
        try:
            found.append(network.exchange(request("models:generate", key=f"k{number}")).body)
        except requests.exceptions.RequestException:
            found.append(None)
    return found


@pytest.mark.parametrize(("name", "value"), SWITCHES)
def test_a_surprise_of_mint_or_the_network_is_noticed(name: str, value: Any) -> None:
    """The same requests have other answers, or another way."""
    before = {"refuses_at_times": name == "refusals_are_remembered"}
    found = exchanges if name in OF_THE_NETWORK else answers
    assert found(**{**before, name: value}) != found(**before)


def test_surprises_outside_of_mint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person has another key on the same server, and a clock that is off by a day at times."""
    plain = World(1, tmp_path, PLAIN)
    assert plain.most_clock_jump == SMALL_CLOCK_JUMP and plain.surprises == Surprises()
    turned = Surprises(second_project=True, clock_jumps=True)
    monkeypatch.setattr(Surprises, "of", lambda chance: turned)
    world = World(1, tmp_path)
    assert world.most_clock_jump == LONGEST_CLOCK_JUMP
    assert len(world.mint.projects) == len(plain.mint.projects) + 1
    assert world.network.key_hosts[max(world.mint.projects[-1].keys)] == HOST
    people, offsets = People(world), []
    for _ in range(60):
        people._jump()
        offsets.append(abs(world.clock.offset))
    assert max(offsets) > 60_000.0 and min(offsets) < 100.0
    world.run(24 * 3600.0)
    assert world.clock.offset == 0.0


def test_a_hostile_folder(tmp_path: Path) -> None:
    """Files of lines and of requests are forged and garbled."""
    line = tmp_path / LINES / "tag-1.json"
    line.parent.mkdir()
    record = {"id": "job-1", "request": {"prompt": "batch line 1."}, "body": None}
    entry = {"line": "tag-1", "key": "key", "operation": None, "decision": None, "record": record}
    done, written = set(), b""
    for number in range(200):
        line.write_text(json.dumps(entry))
        done.add(forge(tmp_path, random.Random(number), ["operation-1"]))
        written += line.read_bytes()
    forged = {"garbage", "another_request", "another_operation", "decision"}
    assert {f"writes {each} over tag-1.json" for each in forged} <= done
    assert any(each.endswith(".operation") for each in done)
    assert FORGED.encode() in written and b"approve" in written and b"operation-1" in written
    made = json.dumps({"operation": "operation-1"}).encode()
    assert any(path.read_bytes() == made for path in (tmp_path / REQUESTS).iterdir())


def test_most_worlds_have_some_surprises() -> None:
    """Each switch is turned in some worlds, to each of its values, and most have several."""
    drawn = [Surprises.of(random.Random(seed)) for seed in range(400)]
    counts = [len(str(each).split(", ")) if str(each) else 0 for each in drawn]
    assert sum(3 <= count <= 9 for count in counts) > 300
    for each in fields(Surprises):
        values = Counter(asdict(one)[each.name] for one in drawn)
        assert len(values) >= 2 and min(values.values()) > 30, each.name
