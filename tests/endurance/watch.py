# SPDX-License-Identifier: GPL-3.0-or-later
"""Run jobs in one Blender, batch after batch, and measure the process while it rests."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.window.blender_window import BlenderWindow

BATCH = 25
WARM_UP = 5
"""Batches before the first measurement that counts: caches and the undo stack fill first."""
MEMORY_GROWTH = 1.10
"""How much more memory the last quarter of the batches may need than the first."""
BEAT_GROWTH = 1.5
"""How much longer a heartbeat may take; processor time differs from run to run."""
LONGEST_BATCH = 120.0

FOLLOW_BEATS = """
heartbeat = part('ui.heartbeat')
heartbeat.times, real = [], heartbeat.beat
def beat():
    import time
    begun = time.thread_time()
    try:
        return real()
    finally:
        heartbeat.times.append(time.thread_time() - begun)
heartbeat.beat = beat
"""
BEATS = """
heartbeat = part('ui.heartbeat')
result, heartbeat.times = heartbeat.times, []
"""
START = """
for number in range(count):
    call('mint.generate', prompt=f'{first + number} lamps', mode='AUTO', preset='FAST')
"""
PLACED = "sum(each['phase'] == 'placed' for each in jobs() if each['id'] not in known)"
NEW_FILE = "with within('VIEW_3D'):\n    bpy.ops.wm.read_homefile()"
THREADS = "[each.name for each in threading.enumerate() if 'mint' in each.name]"


def watch(window: BlenderWindow, jobs: int, batch: int = BATCH) -> Iterator[Sample]:
    """Run this many jobs, each to a result in the scene; yield a sample after each batch."""
    window.ask("part('ui.session').service()")
    window.ask(FOLLOW_BEATS)
    for first in range(0, jobs, batch):
        count = min(batch, jobs - first)
        known = [each["id"] for each in window.jobs()]
        window.ask(START, first=first, count=count)
        window.wait(f"{PLACED} == count", known=known, count=count, seconds=LONGEST_BATCH)
        window.ask(NEW_FILE)
        window.wait("not part('ui.heartbeat').is_beating() and not job_service().has_active_work")
        window.wait(f"not {THREADS}")
        yield _sample(window, first + count)


def _sample(window: BlenderWindow, jobs: int) -> Sample:
    time.sleep(0.3)  # Blender ends what it has begun with the new file
    process = Path("/proc") / str(window.process.pid)
    status = dict(
        line.split(":", 1) for line in (process / "status").read_text("utf-8").splitlines()
    )
    targets = list(_targets(process / "fd"))
    beats = window.ask(BEATS)
    return Sample(
        jobs=jobs,
        megabytes=round(int(status["VmRSS"].split()[0]) / 1024, 1),
        threads=int(status["Threads"]),
        own_threads=len(window.ask(THREADS)),
        files=len(targets),
        sockets=sum(each.startswith("socket:") for each in targets),
        beat_milliseconds=round(statistics.median(beats) * 1000, 3) if beats else 0.0,
    )


def _targets(folder: Path) -> Iterator[str]:
    for each in folder.iterdir():
        try:
            yield os.readlink(each)  # noqa: PTH115 - a socket has no path
        except OSError:
            continue


def growth(samples: list[Sample]) -> list[str]:
    """Return a sentence for each quantity that is not flat after the first batches."""
    counted = samples[WARM_UP:] if len(samples) > 2 * WARM_UP else samples
    quarter = max(1, len(counted) // 4)
    first, last = counted[:quarter], counted[-quarter:]
    found = []
    for name, factor in (
        ("threads", 1.0),
        ("own_threads", 1.0),
        ("files", 1.0),
        ("sockets", 1.0),
        ("megabytes", MEMORY_GROWTH),
        ("beat_milliseconds", BEAT_GROWTH),
    ):
        before = statistics.median(getattr(each, name) for each in first)
        after = statistics.median(getattr(each, name) for each in last)
        if after > before * factor:
            found.append(f"{name} grew from {before:g} to {after:g}")
    return found


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
