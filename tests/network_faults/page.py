# SPDX-License-Identifier: GPL-3.0-or-later
"""The page `docs/network-faults.md`: what a user reads for each fault, and how long it takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .fault import ASK_AGAIN, BY_ITSELF, NetworkFault
from .faults import FAULTS
from .journey import Record

PAGE = Path(__file__).parents[2] / "docs" / "network-faults.md"
HEAD = """# Network faults

What happens to a job when the network fails. `python3 -m tests.network_faults --write` makes this
page: for each row it runs one job, from the prompt to the file on the disk, through a proxy that
produces the fault. The fault lasts until the user has read of it, if the row does not say how often it
happens. A fault of which nothing is read never ends.

After every row the job is done, Mint has made exactly one operation, the file on the disk is the one
that Mint made, and the API key was sent to Mint only.

- *On*: the call that is hit: the upload of a picture, the start (which is paid), a poll, the
  download of the model, or the balance that a panel shows.
- *After*: seconds until the user reads of it. The waits of the add-on were {scale:g} times as short, and the
  figures are multiplied by that.
- *Then*: how the job continues when the fault is over.

| Fault | On | What happens | What the user reads | After | Then |
| --- | --- | --- | --- | --- | --- |
"""


def text(records: Mapping[str, Record], scale: float) -> str:
    """Return the page for the records of all faults, by id."""
    rows = (row(fault, _after(records[fault.id])) for fault in FAULTS)
    return HEAD.format(scale=scale) + "\n".join(rows) + "\n"


def row(fault: NetworkFault, after: str) -> str:
    """Return the row of one fault."""
    reads = fault.reads or "nothing"
    then = {BY_ITSELF: "by itself", ASK_AGAIN: "when the panel asks again"}.get(
        fault.then, f"after *{fault.then}*"
    )
    words = (fault.name.replace("-", " "), fault.call.value, fault.how, reads, after, then)
    return "| " + " | ".join(each.replace("|", "\\|") for each in words) + " |"


def _after(record: Record) -> str:
    if record.seconds is None:
        return ""
    return "at once" if record.seconds < 5.0 else f"{record.seconds:.0f} s"
