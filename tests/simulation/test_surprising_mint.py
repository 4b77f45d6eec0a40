# SPDX-License-Identifier: GPL-3.0-or-later
"""Each surprise of Mint does what it says, on the simulated service itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import pytest

from ..mint_model.messages import Response
from ..mint_model.operations import LIMIT
from .doubles import NOW, Always, Mint, body, request
from .surprises import DAY, LONGEST_LAG

pytestmark = pytest.mark.one_blender


def slug(answer: Response) -> str:
    """Return the last part of a problem's type."""
    return str(body(answer)["type"]).rpartition("/")[2]


# -- idempotency keys


@pytest.mark.parametrize(
    ("scope", "token", "count"),
    [
        ("person", "key-2", 1),
        ("person", "key-3", 1),
        ("project", "key-2", 1),
        ("project", "key-3", 2),
        ("key", "key-1", 1),
        ("key", "key-2", 2),
    ],
)
def test_whose_key_it_is(scope: str, token: str, count: int) -> None:
    """A start that is repeated with another API key is a new one outside the key's scope."""
    mint = Mint(key_scope=scope)
    mint.start("k")
    assert mint.start("k", token).status == 202
    assert len(mint.operations) == count


@pytest.mark.parametrize("lifetime", [DAY, 30 * DAY])
def test_how_long_a_key_is_remembered(lifetime: float) -> None:
    """A start that is repeated within the lifetime of its key starts nothing, later it does."""
    mint = Mint(key_lifetime=lifetime)
    mint.start("k")
    mint.pass_time(lifetime - 1.0)
    mint.start("k")
    assert len(mint.operations) == 1
    mint.pass_time(2.0)
    mint.start("k")
    assert len(mint.operations) == 2


@pytest.mark.parametrize("are_remembered", [False, True])
def test_refusals_are_remembered(are_remembered: bool) -> None:
    """A key that was refused is refused for a day, also when its request would be accepted."""
    mint = Mint(Always(), refusals_are_remembered=are_remembered, refuses_at_times=True)
    assert mint.start("k").status == 400
    mint.service.surprises = mint.service.surprises.at_rest()
    assert mint.start("k").status == (400 if are_remembered else 202)
    mint.pass_time(DAY)
    assert mint.start("k").status == 202


def test_too_many_is_never_remembered() -> None:
    """A start that found no free slot is accepted as soon as there is one."""
    mint = Mint(refusals_are_remembered=True)
    for number in range(LIMIT):
        mint.start(f"k{number}")
    assert mint.start("k").status == 429
    mint.service.operations.enforces_limit = False
    assert mint.start("k").status == 202


@pytest.mark.parametrize("come_first", [False, True])
def test_checks_come_first(come_first: bool) -> None:
    """A repetition is refused for want of a slot, although its first attempt was carried out."""
    mint = Mint(checks_come_first=come_first)
    for number in range(LIMIT):
        mint.start(f"k{number}")
    again = mint.start("k0")
    assert again.status == (429 if come_first else 202)
    assert len(mint.operations) == LIMIT


def test_checks_of_a_decision_come_first() -> None:
    """A repeated approval is refused, since its operation does not wait any more."""
    for come_first in (False, True):
        mint = Mint(checks_come_first=come_first)
        mint.call("models:generate", key="k", prompt="A", generationMode="review")
        mint.pass_time(3600.0)
        path = f"operations/{mint.operations[0]}:approve"
        assert mint.call(path, key="a").status == 202
        assert mint.call(path, key="a").status == (409 if come_first else 202)


@pytest.mark.parametrize("come_first", [False, True])
def test_refuses_at_times(come_first: bool) -> None:
    """A refusal of the moment starts nothing, and can meet a repetition if checks come first."""
    mint = Mint(Always(), checks_come_first=come_first)
    mint.start("k")
    mint.service.surprises = replace(mint.service.surprises, refuses_at_times=True)
    assert mint.start("other").status == 400
    assert mint.start("k").status == (400 if come_first else 202)
    assert len(mint.operations) == 1


def test_refuses_in_many_ways() -> None:
    """Refusals of the moment have each status that a clear refusal may have."""
    mint = Mint(refuses_at_times=True)
    mint.service.operations.enforces_limit = False
    answers = [mint.start(f"k{number}") for number in range(300)]
    statuses = Counter(answer.status for answer in answers)
    assert statuses.keys() == {202, 400, 402, 403, 404, 422}
    assert statuses[202] == len(mint.operations) > 200


def test_refuses_repetitions_in_more_ways() -> None:
    """A repetition can also be taken for another request with the same key."""
    mint = Mint(refuses_at_times=True, checks_come_first=True)
    mint.service.operations.enforces_limit = False
    while not mint.operations:
        mint.start("k")
    statuses = {mint.start("k").status for _ in range(300)}
    assert statuses == {202, 400, 402, 403, 404, 409, 422}
    assert len(mint.operations) == 1


def test_a_request_in_progress() -> None:
    """A key whose request is being carried out is told so, and works afterwards."""
    mint = Mint(takes_minutes=True)
    first = request("models:generate", key="k", prompt="A")
    mint.service.hold(first, NOW + 300.0)
    again = mint.service.respond(first, NOW + 299.0)
    assert again.status == 409 and slug(again) == "request-in-progress"
    assert not mint.operations
    assert mint.service.respond(first, NOW + 300.0).status == 202


# -- documents


def test_worlds_have_no_prompt() -> None:
    """Neither the list of Worlds nor a World says its prompt; Models do."""
    mint = Mint(worlds_have_no_prompt=True)
    for kind in ("models", "worlds"):
        mint.start(kind, kind=kind)
    mint.pass_time(120.0)
    for kind, has_prompt in (("models", True), ("worlds", False)):
        listed = body(mint.call(kind))["data"][0]
        single = body(mint.call(f"{kind}/{listed['id']}"))
        assert ("prompt" in listed, "prompt" in single) == (has_prompt, has_prompt)


@pytest.mark.parametrize(
    ("normalized", "prompt"), [(True, "A caf\xe9"), (False, " A\ncafe\u0301 ")]
)
def test_prompts_are_normalized(normalized: bool, prompt: str) -> None:
    """A prompt comes back trimmed, on one line and composed; Mint's own books have what was sent."""
    mint = Mint(prompts_are_normalized=normalized)
    started = body(mint.start("k"))
    mint.pass_time(120.0)
    listed = body(mint.call("models"))["data"][0]
    assert started["prompt"] == listed["prompt"] == prompt
    assert mint.service.operations.all[started["id"]].prompt == " A\ncafe\u0301 "


@pytest.mark.parametrize(
    ("form", "end"), [("utc", ".000Z"), ("offset", "+05:30"), ("seconds", "Z")]
)
def test_dates(form: str, end: str) -> None:
    """Times have another form, and mean the same."""
    mint = Mint(dates=form)
    text = body(mint.start("k"))["createdAt"]
    assert text.endswith(end) and ("." in text) == (form != "seconds")
    assert datetime.fromisoformat(text).timestamp() == NOW


def test_operations_have_no_date() -> None:
    """An operation does not say when it was created; the lists do."""
    mint = Mint(operations_have_no_date=True)
    started = body(mint.start("k"))
    assert "createdAt" not in started and "updatedAt" in started
    mint.pass_time(120.0)
    assert body(mint.call("models"))["data"][0]["createdAt"]


def test_lists_are_out_of_order() -> None:
    """A list has everything, with neighbors of the same minute in any order."""
    for are_shuffled in (False, True):
        mint = Mint(lists_are_out_of_order=are_shuffled)
        for number in range(6):
            mint.start(f"k{number}")
            mint.pass_time(5.0)
        mint.pass_time(120.0)
        times = [
            datetime.fromisoformat(each["createdAt"]).timestamp()
            for each in body(mint.call("models"))["data"]
        ]
        assert len(times) == 6
        assert (times != sorted(times, reverse=True)) is are_shuffled
        assert all(late - early < 61.0 for early, late in pairwise(times))


def test_shows_late() -> None:
    """What was made is not found for some seconds, neither alone nor in a list; then it is."""
    mint = Mint(shows_late=True)
    for number in range(8):
        mint.start(f"k{number}")
    reads = [f"operations/{id}" for id in mint.operations]
    assert 404 in {mint.call(path).status for path in reads}
    mint.pass_time(15.0)
    resources = list(mint.service.operations.resources)
    listed = [each["id"] for each in body(mint.call("models"))["data"]]
    assert len(listed) < len(resources)
    hidden = next(id for id in resources if id not in listed)
    assert mint.call(f"models/{hidden}").status == 404
    mint.pass_time(LONGEST_LAG)
    assert {mint.call(path).status for path in reads} == {200}
    assert len(body(mint.call("models"))["data"]) == 8


def test_answers_have_a_date() -> None:
    """Each answer of Mint says when it was given, also a refusal."""
    mint = Mint()
    for answer in (mint.call("me"), mint.call("me", token="wrong")):
        assert answer.headers["Date"] == "Fri, 15 Jan 2027 08:00:00 GMT"
