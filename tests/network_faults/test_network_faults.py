# SPDX-License-Identifier: GPL-3.0-or-later
"""One job for each fault of the network, with waits that are 120 times as short."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mint_service.runner import ThreadService, running_service

from .fault import NetworkFault
from .faults import FAULTS
from .journey import run, violations

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def service() -> Iterator[ThreadService]:
    """Run a fast service with Credits for all."""
    with running_service(speed=2000, credits=1e9) as running:
        yield running


@pytest.mark.covers("R-outage", "R-pay-once", "S-key-origin")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_job_survives(fault: NetworkFault, service: ThreadService, tmp_path: Path) -> None:
    """The user reads this sentence, the job is done in the end, and it was paid once."""
    assert violations(fault, run(fault, service, tmp_path)) == []
