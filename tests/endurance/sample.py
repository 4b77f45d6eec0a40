# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured after a batch of jobs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Sample:
    """What the process holds after this many jobs, while nothing is in flight."""

    jobs: int
    megabytes: float
    """Resident memory."""
    threads: int
    """Threads of the whole process."""
    own_threads: int
    """Threads of the add-on."""
    files: int
    """Open file descriptors, sockets included."""
    sockets: int
    beat_milliseconds: float
    """Median processor time of a heartbeat while the batch ran."""

    def as_json(self) -> dict[str, Any]:
        """Return the members as plain values."""
        return asdict(self)
