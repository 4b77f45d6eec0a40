# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of the job service share."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mint_blender.jobs.job import Job
from mint_blender.jobs.service import NotPossible
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind

LAMP = GenerationRequest(Kind.MODEL, "a lamp")


def put(home: Path, *jobs: Job) -> None:
    """Store jobs of an earlier session."""
    journal = Journal(home)
    for job in jobs:
        journal.add(job)
    journal.close()


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)


def refused(click: Callable[[], object]) -> str:
    """Return the message with which a call is refused."""
    with pytest.raises(NotPossible) as caught:
        click()
    return str(caught.value)
