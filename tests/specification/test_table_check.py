# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of a journal is checked: a row that cannot be is noticed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mint_blender.jobs.paid_requests.record import PaidRequest, PaidVerb
from mint_blender.jobs.paid_requests.table_check import check_table

from .rules import key_of

pytestmark = pytest.mark.one_blender


def row(
    subject: str = "job:1", verb: str = "start", number: int = 1, **more: object
) -> PaidRequest:
    """Return a row that was not sent yet."""
    key = key_of(subject, verb, number)
    stored = PaidRequest(key, subject, PaidVerb(verb), number, "1", "{}", 100.0)
    return replace(stored, **{"journal": "a", "born": 1e9, **more})


def sent(*names: str, attempts: int = 1, **more: object) -> PaidRequest:
    """Return a row that was sent at once."""
    counted = {"attempts": attempts, "attempted": 1e9, "credential": "x"}
    return row(*names, **{**counted, **more})


REFUSED = sent(refusals=1, closed="refused")
OVER = sent(closed="over")
LINE = "line:1:chair"

GOOD = {
    "nothing": [],
    "not sent": [row()],
    "sent": [sent()],
    "answered": [sent(operation="op-1")],
    "refused": [REFUSED],
    "refused for the time being": [sent(attempts=3, refusals=3)],
    "canceled": [row(closed="canceled")],
    "canceled after a refusal": [replace(REFUSED, closed="canceled")],
    "repeated after 11 hours": [sent(attempts=2, attempted=1e9 + 11 * 3600)],
    "answered after it was dropped": [sent(closed="dropped", operation="op-1")],
    "ordered again": [REFUSED, row(number=2, closed="canceled"), row(number=3)],
    "ordered again after a look": [row(number=2), OVER],
    "ordered again after it was made": [sent(operation="op-1"), row(number=2)],
    "a line": [sent(LINE, refusals=1, closed="dropped")],
    "a line that another machine has started again": [row(LINE, number=3, operation="op-3")],
    "a line that another machine has": [row(LINE, closed="dropped"), row(LINE, number=2)],
    "of an earlier version": [PaidRequest("old", "job:1", PaidVerb.START, 1, "", attempts=1)],
    "found by a copy": [row(operation="asset:1")],
    "taken over before it was sent": [row(attempts=1)],
    "a decision about what was started": [
        sent(operation="op-1"),
        sent("preview:op-1:picture", "approve", operation="op-1"),
    ],
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_table_passes(name: str) -> None:
    """Nothing is said about it."""
    assert check_table(GOOD[name]) == []


BAD = {
    "no subject": ("key", [row("")]),
    "number 0": ("key", [row(number=0)]),
    "a key of its own": ("key", [row(key="random")]),
    "two rows with one number": ("key", [row(closed="canceled"), row(closed="canceled")]),
    "a gap": ("key", [REFUSED, row(number=3)]),
    "more refusals than attempts": ("doubt", [sent(refusals=2)]),
    "fewer than none": ("doubt", [sent(refusals=-1)]),
    "refused with an attempt in doubt": ("doubt", [sent(attempts=2, refusals=1, closed="refused")]),
    "refused without a refusal": ("doubt", [row(closed="refused")]),
    "canceled in doubt": ("doubt", [sent(closed="canceled")]),
    "canceled, and made": ("denied", [row(closed="canceled", operation="op-1")]),
    "refused, and made": ("denied", [replace(REFUSED, operation="op-1")]),
    "a line that is canceled": ("outside", [row(LINE, closed="canceled")]),
    "a line that is refused": ("outside", [sent(LINE, refusals=1, closed="refused")]),
    "closed as something else": ("record", [row(closed="lost")]),
    "sent, and not counted": ("record", [sent(attempts=0)]),
    "sent, and not known what": ("record", [sent(body=None)]),
    "sent, and not known with which API key": ("credential", [sent(credential="")]),
    "repeated after 12 hours": ("age", [sent(attempts=2, attempted=1e9 + 12 * 3600)]),
    "ordered again while it is open": ("look", [sent(), row(number=2)]),
    "ordered again before a look": ("look", [sent(closed="dropped"), row(number=2)]),
    "one asset of two starts": ("unique", [sent(operation="asset:1"), sent("job:2", operation="asset:1")]),
    "a price below nothing": ("limit", [row(credits=-5.0)]),
    "a price that is no number": ("limit", [row(extra_credits=float("nan"))]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_noticed(name: str) -> None:
    """The row is named, and the rule that is broken."""
    rule, rows = BAD[name]
    faults = check_table(rows)
    assert {fault.rule for fault in faults} == {rule}, faults
    assert {fault.key for fault in faults} <= {each.key for each in rows}
    assert all(fault.what for fault in faults)
