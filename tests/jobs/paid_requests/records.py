# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of paid requests in each state."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mint_blender.jobs.paid_requests.record import (
    PaidRequest,
    PaidVerb,
    State,
    key_of,
    of_job,
    of_line,
)

NOW = 1_800_000_000.0
CREDENTIAL = "of this key"
BODY = '{"prompt": "a lamp", "name": "Lamp"}'


def a_record(subject: str = of_job("job_1"), **changes: Any) -> PaidRequest:
    """Return a record that was inserted just now."""
    verb = PaidVerb.START
    request = PaidRequest(key_of(subject, verb, 1), subject, verb, 1, "job_1", born=NOW)
    return replace(request, **changes)


def sent(attempts: int = 1, refusals: int = 0, **changes: Any) -> PaidRequest:
    """Return a record of which this many attempts were begun, and refused."""
    attempted = changes.get("born", NOW) if attempts else 0.0
    known = {"body": BODY, "credential": CREDENTIAL, "attempted": attempted, **changes}
    return a_record(attempts=attempts, refusals=refusals, **known)


IN_STATE: dict[State, PaidRequest] = {
    State.CLEAN: a_record(),
    State.IN_DOUBT: sent(),
    State.ANSWERED: sent(operation="op_1"),
    State.REFUSED: sent(refusals=1, closed=State.REFUSED),
    State.CANCELED: a_record(closed=State.CANCELED),
    State.DROPPED: sent(closed=State.DROPPED),
    State.OVER: sent(closed=State.OVER),
}
"""One record in each state."""

OTHERS_CAN_ORDER = a_record(of_line("batch", "tag"))
