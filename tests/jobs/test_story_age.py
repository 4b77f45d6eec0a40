# SPDX-License-Identifier: GPL-3.0-or-later
"""How old a start is, and what is done about one that was never answered."""

from __future__ import annotations

from mint_blender.jobs.story import Terms
from mint_blender.jobs.wants import Start, TakeSlot
from mint_blender.mint.errors import Unreachable

from .telling import Teller, a_job


def test_the_moment_of_the_first_send_is_kept() -> None:
    """It is committed before the start leaves, and a repetition does not change it; in line there is none."""
    told = Teller(a_job(), Terms(now=lambda: 5000.0))
    told.expect(TakeSlot)
    assert told.job.first_sent_at is None
    told.answer().expect(Start)
    assert told.job.first_sent_at == 5000.0
    told.fail(Unreachable("the connection broke"))
    again = told.again(Terms(now=lambda: 9000.0))
    again.expect(Start)
    assert again.job.first_sent_at == 5000.0
