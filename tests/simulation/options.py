# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens in a simulated world, besides what its seed decides."""

from __future__ import annotations

from dataclasses import dataclass

from .surprises import LONGEST_CLOCK_JUMP


@dataclass(frozen=True)
class Options:
    """What happens in a world.

    Attributes:
        jobs: How many jobs people start.
        faults: Scales the probability of each fault of the network; 1.0 is 0.1 for each.
        boundaries: About how many writes a process survives; 0: it is never killed.
        disk_fills: Whether the disk is full at times.
        accounts_change: Whether keys and accounts change.
        most_clock_jump: By how many seconds this computer's clock is off at most, in worlds whose
            seed lets it jump.
        limit_is_enforced: Whether Mint refuses more active generations than it allows.
        reviews: Whether some jobs stop at their Preview.
        limits: Whether people set limits of Credits, in some worlds.
        second_machine: Whether another computer runs the same batch.
        quits: Whether Blenders are quit while jobs are in flight.
        pause: Mean seconds between two clicks; below one second, nobody ever takes a break.
        motions: Whether people animate models, in some worlds.
        surprises: Whether Mint and the rest of the world may be other than was taken for granted.
    """

    jobs: int = 40
    faults: float = 1.0
    boundaries: int = 1500
    disk_fills: bool = True
    accounts_change: bool = True
    most_clock_jump: float = LONGEST_CLOCK_JUMP
    limit_is_enforced: bool = True
    reviews: bool = True
    limits: bool = True
    second_machine: bool = True
    quits: bool = True
    pause: float = 60.0
    motions: bool = True
    surprises: bool = True


CALM = Options(
    faults=0.0,
    boundaries=0,
    disk_fills=False,
    accounts_change=False,
    limits=False,
    second_machine=False,
    surprises=False,
)
