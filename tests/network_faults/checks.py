# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold after each fault of the network."""

from __future__ import annotations

from mint_blender.jobs.phases import Phase

from .fault import NetworkFault
from .journey import Record

LONGEST = 900.0
"""Seconds, in earnest, after which the user has read of a fault at the latest."""


def violations(fault: NetworkFault, record: Record) -> list[str]:
    """Return what is wrong after a fault, one line each."""
    first = record.reads[0] if record.reads else ""
    found = {
        f"the job ended in {record.phase}": record.phase is not Phase.READY,
        f"Mint made {record.operations} operations": record.operations != 1,
        "the file on the disk is not the one that Mint made": not record.is_file_right,
        f"the key is in {', '.join(record.leaks)}": bool(record.leaks),
        f"the user read {first!r}": first != fault.reads,
        f"the job {record.then}, not {fault.then}": record.then != fault.then,
        "no request was hit": not record.hits and is_counted(fault),
        f"the user read nothing for {record.seconds} s": (record.seconds or 0.0) > LONGEST,
    }
    return [f"{fault.id}: {words}" for words, is_so in found.items() if is_so]


def is_counted(fault: NetworkFault) -> bool:
    """Return whether the hits of a fault are counted: of an exchange or of a name."""
    return fault.exchange is not None or fault.lookup is not None or fault.listener is not None
