# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured after a batch of jobs, and where the last run has kept it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "build" / "endurance.json"


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


def keep(samples: list[Sample]) -> None:
    """Keep the samples of a run, in place of those of the last one."""
    SAMPLES.parent.mkdir(parents=True, exist_ok=True)
    SAMPLES.write_text(json.dumps([each.as_json() for each in samples], indent=1), "utf-8")


def kept() -> list[Sample]:
    """Return the samples of the last run."""
    return [Sample(**each) for each in json.loads(SAMPLES.read_text(encoding="utf-8"))]
