# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated worlds in which everything goes wrong, and one in which nothing does."""

from __future__ import annotations

import json
import logging
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from ..mint_model.messages import Response
from ..mint_model.operations import LIMIT
from .doubles import HOST, NOW, Mint, request
from .hostile_folder import FORGED, LINES, REQUESTS, forge
from .mutations import MUTATIONS
from .network import Network
from .options import CALM, CHOICES, DAY, LONGEST_CLOCK_JUMP, SMALL_CLOCK_JUMP, Options, Surprises
from .people import People
from .world import Outcome, World, simulate

pytestmark = pytest.mark.one_blender

BLOCKS, SEEDS = 8, 3
"""24 worlds with 960 jobs: a block is one test, so that workers share them."""


@pytest.fixture(autouse=True)
def no_log() -> Iterator[None]:
    """Leave out the log: every fault would be in it."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def survived(seed: int) -> Outcome:
    """Return the outcome of a world, in which no rule was broken."""
    outcome = simulate(seed)
    assert not outcome.failure, "\n".join([outcome.failure, *outcome.trace])
    return outcome


@pytest.mark.covers("R-pay-once")
@pytest.mark.parametrize("block", range(BLOCKS))
def test_survives_everything_at_once(block: int) -> None:
    """Faults, kills, full disks, other keys and lost days: Mint's ledger has nothing to complain."""
    outcomes = [survived(1 + block * SEEDS + number) for number in range(SEEDS)]
    assert sum(each.jobs for each in outcomes) >= SEEDS * 38
    assert all(each.operations > 10 for each in outcomes)
    assert all(each.faults for each in outcomes) and any(each.kills for each in outcomes)


def test_a_seed_repeats_its_run() -> None:
    """Two runs of a seed are the same, so that a failure can be looked at again."""
    first, second = simulate(3), simulate(3)
    assert replace(first, seconds=0.0) == replace(second, seconds=0.0)


@pytest.mark.covers("C18-ten")
def test_never_more_generations_than_mint_allows() -> None:
    """Two Blenders, commands and a batch share Mint's slots, also where Mint would not refuse.

    The jobs of a process that has quit are not counted until another one takes them over.
    """
    busy = replace(CALM, jobs=60, limit_is_enforced=False, reviews=False, quits=False, pause=0.5)
    outcome = simulate(1, busy)
    assert not outcome.failure, "\n".join([outcome.failure, *outcome.trace])
    assert outcome.most_active == LIMIT


# -- seeds that have failed once. Each is kept with the options that it failed with


PLAIN = Options(surprises=False, motions=False)
FOUND: dict[int, Options] = {
    # a start that was never answered was found as an asset that waited for an approval, for ever
    65: PLAIN,
    # a revision of long ago was forgotten before Mint was polled: an approval met another Preview
    5018: PLAIN,
    # a start that was never answered adopted the asset of another job with the same prompt
    5033: PLAIN,
    # a line that was queued with a key that is gone stayed foreign after another machine had done it
    100007: PLAIN,
    # a start without an answer was dismissed, and nobody knew what it had started
    72: PLAIN,
    # what a revision of another day cost was not counted for the day of the click
    227: PLAIN,
    # a line that was canceled on another machine could not be started again
    2000566: PLAIN,
    # a start without an answer was taken for canceled after a day of sleep
    2000655: PLAIN,
    # a queued job was dismissed, and the command that waited for Mint sent it
    2001068: PLAIN,
    # a Preview that a killed process had downloaded was taken for a later one: it was wrong on disk,
    # and with the second seed it was approved
    956: PLAIN,
    1970: PLAIN,
    # a Preview was approved on one computer that was revised on another one since it was shown
    2594: PLAIN,
    # a Preview was approved that another process had revised while the price was asked for
    7746: PLAIN,
    # what a revision on another computer had cost was not counted after a fresh link was asked for
    15021: PLAIN,
    # a process was killed before it sent a request, which then counted for that day instead of the
    # day on which another process sent it
    17737: PLAIN,
    # a process was killed before the ledger of a batch had that a line was sent; another machine sent
    # it days later, and it was paid for twice
    19653: PLAIN,
    # what a start without an answer had made, and was found days later, was not counted; later: an
    # approval did not count between its answer and the job's next phase
    23575: PLAIN,
    # what an optimization without an answer had cost was not counted; see also
    # `test_follow_up_operations`, since other requests have changed this world since
    3310: PLAIN,
    # an answer about an earlier key came after its scheduler was closed, and was taken for one about
    # the present key
    5539: PLAIN,
    # a process was killed when it had created the lease of a batch, and not yet written it
    588: PLAIN,
    # a computer slept for a day between two tries of a revision, and sent it again: paid twice
    1000001: PLAIN,
}


@pytest.mark.parametrize("seed", FOUND)
def test_does_not_fail_again(seed: int) -> None:
    """What this seed has found is fixed."""
    outcome = simulate(seed, FOUND[seed])
    assert not outcome.failure, "\n".join([outcome.failure, *outcome.trace])


# -- the simulation finds mistakes that are made on purpose: it is no test that cannot fail


WORLD = Options(motions=False)
SURPRISING = replace(WORLD, jobs=12)
SHORT, LONG = replace(SURPRISING, surprises=False), replace(WORLD, surprises=False)
MOVING = replace(SHORT, motions=True)
LOSSY = replace(WORLD, faults=2.0, boundaries=0, accounts_change=False)
FOUND_BY: dict[str, tuple[int, Options, str]] = {
    "a new key at each try": (1, SHORT, "the rule 'record'"),
    "a new key for each try of a decision": (1, SHORT, "the rule 'record'"),
    "no memory of sending": (1, SHORT, "refusal of a request that is clean"),
    "repeats a start for ever": (36, SHORT, "the rule 'age'"),
    "believes gateways": (6, SHORT, "the rule 'denied'"),
    "cancels without looking": (11, SHORT, "nobody knows the operation"),
    "believes a later refusal": (7, SURPRISING, "the rule 'outside'"),
    "starts again without a person": (2, WORLD, "operations for 1 clicks"),
    "does not wait for late requests": (11, SHORT, "the rule 'settled'"),
    "does not compare API keys": (62, SHORT, "the rule 'credential'"),
    "takes random keys": (1, SHORT, "the rule 'key'"),
    "tells nothing apart": (1, LOSSY, "the rule 'unique'"),
    "approves unseen": (1, SHORT, "the rule 'preview'"),
    "shares lines": (1, LONG, "the rule 'once'"),
    "ignores own limits": (3, SHORT, "has cost 1650.0 of 300.0 Credits"),
    "shows the key to the file host": (1, SHORT, "was sent to cdn.mint.gg"),
    "waits for nobody": (11, SHORT, "is stuck in fetching"),
    "keeps no pictures": (10, SHORT, "other pictures than at the click"),
    "sends all motions": (40, MOVING, "was sent before"),
    "pays motions again": (1, MOVING, "follow-ups"),
}
"""A world that finds each mistake, and what is said of it."""


def test_each_mistake_is_found() -> None:
    """None is left out."""
    assert set(FOUND_BY) == set(MUTATIONS)


@pytest.mark.parametrize("name", FOUND_BY)
def test_finds_the_mistake(name: str) -> None:
    """The mistake breaks a rule in this world or in one of the next, and nothing else is said."""
    first, options, says = FOUND_BY[name]
    with MUTATIONS[name]():
        failures = (simulate(seed, options).failure for seed in range(first, first + 20))
        assert any(failure.startswith("Violation") and says in failure for failure in failures)


# -- each surprise changes what the product meets: none is a switch without an effect


UNSURPRISING = Options(surprises=False)
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
    plain = World(1, tmp_path, UNSURPRISING)
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
