# SPDX-License-Identifier: GPL-3.0-or-later
"""One job for each fault of the network, with waits that are 120 times as short.

The slow ones run in the long form only: `python3 -m tests.network_faults`.
"""

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

pytestmark = pytest.mark.one_blender

SCALE = 120.0


@pytest.fixture(scope="module")
def service() -> Iterator[ThreadService]:
    """Run a fast service with Credits for all."""
    with running_service(speed=2000, credits=1e9) as running:
        yield running


@pytest.mark.covers("R-outage", "R-pay-once", "S-key-origin")
@pytest.mark.parametrize(
    "fault", [each for each in FAULTS if not each.is_slow], ids=lambda fault: fault.id
)
def test_a_job_survives(fault: NetworkFault, service: ThreadService, tmp_path: Path) -> None:
    """The user reads this sentence, the job is done in the end, and it was paid once."""
    assert violations(fault, run(fault, service, tmp_path, SCALE)) == []


def test_the_table_is_complete() -> None:
    """There are at least 40 faults, each with its own id, and every call is hit."""
    assert len(FAULTS) >= 40
    assert [id for id, count in Counter(each.id for each in FAULTS).items() if count > 1] == []
    assert {each.call for each in FAULTS} == set(Call)


def test_a_sentence_that_nobody_expects_is_noticed(service: ThreadService, tmp_path: Path) -> None:
    """The check compares what the user reads, and how the job goes on."""
    fault = NetworkFault(
        "answer-lost", Call.START, "", sent(nothing, close), reads="Oh", then="Resume"
    )
    found = violations(fault, run(fault, service, tmp_path, SCALE))
    assert len(found) == 2 and "the user read 'Mint cannot be reached" in found[0]


@pytest.mark.shows_key("the check of these tests has to find one")
def test_a_key_outside_mint_is_noticed(service: ThreadService, tmp_path: Path) -> None:
    """A file of ours with the key in it is found."""
    planted = tmp_path / "home" / "log.txt"
    planted.parent.mkdir()
    planted.write_text(service.key)
    fault = NetworkFault("none", Call.START, "", is_lasting=True)
    found = violations(fault, run(fault, service, tmp_path, SCALE))
    planted.unlink()  # every test is searched for the key afterwards
    assert found == ["none-start: the key is in log.txt"]
