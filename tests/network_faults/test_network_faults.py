# SPDX-License-Identifier: GPL-3.0-or-later
"""One job for each fault of the network, with waits that are 120 times as short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mint_service.runner import ThreadService, running_service

from .behaviors import close, nothing, sent
from .fault import NetworkFault
from .faults import FAULTS
from .hosts import Call
from .journey import run, violations

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def service() -> Iterator[ThreadService]:
    """Run a fast service with Credits for all."""
    with running_service(speed=2000, credits=1e9) as running:
        yield running


@pytest.mark.covers("R-outage", "R-pay-once", "S-key-origin")
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, id=fault.id, marks=pytest.mark.nightly if fault.is_slow else ())
        for fault in FAULTS
    ],
)
def test_a_job_survives(fault: NetworkFault, service: ThreadService, tmp_path: Path) -> None:
    """The user reads this sentence, the job is done in the end, and it was paid once."""
    assert violations(fault, run(fault, service, tmp_path)) == []


def test_the_table_is_complete() -> None:
    """Each fault has its own id, and every call is hit."""
    assert [id for id, count in Counter(each.id for each in FAULTS).items() if count > 1] == []
    assert {each.call for each in FAULTS} == set(Call)


@pytest.mark.nightly
@pytest.mark.shows_key("the check of these tests has to find one")
def test_what_is_wrong_is_noticed(service: ThreadService, tmp_path: Path) -> None:
    """A sentence that nobody expects, another way to go on, and a file of ours with the key."""
    planted = tmp_path / "home" / "log.txt"
    planted.parent.mkdir()
    planted.write_text(service.key)
    fault = NetworkFault(
        "answer-lost", Call.START, "", sent(nothing, close), reads="Oh", then="Resume"
    )
    leak, sentence, _ = violations(fault, run(fault, service, tmp_path))
    planted.unlink()  # every test is searched for the key afterwards
    assert leak == "answer-lost-start: the key is in log.txt"
    assert "the user read 'Mint cannot be reached" in sentence
