# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens in a simulated world: its options, and the surprises that its seed turns.

A surprise is what a product may wrongly take for granted, with a switch for each.

The contract leaves all of it open. What it promises holds in each world: a key that was accepted is
remembered for a day, a request is over within ten minutes, the lists show everything, and what Mint
itself has clearly refused was not started by that attempt.
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from zlib import crc32

DAY = 24 * 3600.0
PRICES_LAST = 3 * 3600.0
"""Seconds between two changes of Mint's prices."""
PRICE_FACTORS = (1.0, 0.9, 1.2, 1.5)
LONGEST_REQUEST = 599.0
"""Seconds after which everything that a request does has happened, and is to be seen."""
LONGEST_LAG = 60.0
LONGEST_CLOCK_JUMP = 90_000.0
SMALL_CLOCK_JUMP = 100.0
"""By how many seconds a clock is off at most that does not jump."""
LIKELY = {"worlds_have_no_prompt": 0.7}
"""Probabilities of the switches that have another one than the rest."""
PROBABILITY = 0.3
CHOICES: dict[str, tuple[Any, ...]] = {
    "key_scope": ("project", "key"),
    "key_lifetime": (1.5 * DAY, 30 * DAY),
    "dates": ("offset", "seconds"),
}
"""What a switch may be turned to, if it is not only on or off."""


@dataclass(frozen=True)
class Surprises:
    """Each value is what the product has always found, unless a seed has turned it.

    Attributes:
        key_scope: Whose idempotency key it is: a "person"'s, a "project"'s or an API "key"'s.
        key_lifetime: For how many seconds an idempotency key is remembered.
        refusals_are_remembered: Whether a refusal is repeated to its key for a day.
        checks_come_first: Whether a repetition is checked as if it were new before it is looked up.
        refuses_at_times: Whether requests are refused for reasons of the moment.
        takes_minutes: Whether Mint carries out some requests minutes later, and says 409 meanwhile.
        arrives_late: Whether requests that got no answer arrive up to ten minutes later.
        gateways_speak_json: Whether a gateway refuses in JSON, before or after Mint did the work.
        gateways_have_clocks: Whether a gateway's answers have a date of their own, years off.
        worlds_have_no_prompt: Whether Mint shows no prompt of a World.
        prompts_are_normalized: Whether Mint returns prompts in another form than they were sent in.
        dates: The form of times: in "utc", with an "offset", or in whole "seconds".
        operations_have_no_date: Whether an operation does not say when it was created.
        lists_are_out_of_order: Whether lists are only roughly sorted by time.
        lists_repeat: Whether a page may name its own cursor as that of the next page.
        shows_late: Whether what was made just now is not to be seen for some seconds.
        second_project: Whether the person has a second project, with an API key of its own.
        clock_jumps: Whether this computer's clock is off by a day at times, and is corrected.
        journals_are_restored: Whether older copies of journals are put in their place.
        devices_change: Whether the disk has another device number after a restart.
        prices_change: Whether Mint's prices rise and fall.
    """

    key_scope: str = "person"
    key_lifetime: float = DAY
    refusals_are_remembered: bool = False
    checks_come_first: bool = False
    refuses_at_times: bool = False
    takes_minutes: bool = False
    arrives_late: bool = False
    gateways_speak_json: bool = False
    gateways_have_clocks: bool = False
    worlds_have_no_prompt: bool = False
    prompts_are_normalized: bool = False
    dates: str = "utc"
    operations_have_no_date: bool = False
    lists_are_out_of_order: bool = False
    lists_repeat: bool = False
    shows_late: bool = False
    second_project: bool = False
    clock_jumps: bool = False
    journals_are_restored: bool = False
    devices_change: bool = False
    prices_change: bool = False

    @classmethod
    def of(cls, rng: random.Random) -> Surprises:
        """Return some surprises by chance."""
        turned = {
            each.name: rng.choice(CHOICES.get(each.name, (True,)))
            for each in fields(cls)
            if rng.random() < LIKELY.get(each.name, PROBABILITY)
        }
        return cls(**turned)

    def __str__(self) -> str:
        """Return the switches that are turned."""
        before = asdict(Surprises())
        return ", ".join(
            name if value is True else f"{name} {value}"
            for name, value in asdict(self).items()
            if value != before[name]
        )

    def at_rest(self) -> Surprises:
        """Return what is left of them when everything works again."""
        return replace(
            self,
            refuses_at_times=False,
            takes_minutes=False,
            arrives_late=False,
            lists_repeat=False,
        )

    @property
    def changes_documents(self) -> bool:
        """Whether what Mint returns has another form than usual."""
        return (
            self.worlds_have_no_prompt
            or self.prompts_are_normalized
            or self.dates != "utc"
            or self.operations_have_no_date
        )

    @property
    def longest_delay(self) -> float:
        """Seconds until a request is carried out, at most. Then its result has yet to be shown."""
        return LONGEST_REQUEST - (LONGEST_LAG if self.shows_late else 0.0)

    def lag(self, id: str) -> float:
        """Return the seconds until something that was made is to be seen."""
        return crc32(id.encode()) % (LONGEST_LAG + 1.0) if self.shows_late else 0.0

    def price_factor(self, at: float) -> float:
        """Return by what Mint's prices are multiplied at a time."""
        period = int(at // PRICES_LAST)
        number = crc32(str(period).encode()) % len(PRICE_FACTORS)
        return PRICE_FACTORS[number] if self.prices_change else 1.0

    def shift(self, id: str) -> float:
        """Return by how many seconds something is out of order in a list."""
        return crc32(id.encode()) % 61.0 - 30.0 if self.lists_are_out_of_order else 0.0


@dataclass(frozen=True)
class Options:
    """What happens in a world.

    Attributes:
        jobs: How many jobs people start.
        faults: Scales the probability of each fault of the network; 1.0 is 0.1 for each.
        boundaries: About how many writes a process survives; 0: it is never killed.
        disk_fills: Whether the disk is full at times.
        accounts_change: Whether keys and accounts change.
        limit_is_enforced: Whether Mint refuses more active generations than it allows.
        reviews: Whether some jobs stop at their Preview.
        limits: Whether people set limits of Credits, in some worlds.
        second_machine: Whether another computer runs the same batch.
        quits: Whether Blenders are quit while jobs are in flight.
        pause: Mean seconds between two clicks; below one second, nobody ever takes a break.
        motions: Whether people animate models, in some worlds.
        surprises: Whether Mint and the rest of the world may be other than was taken for granted, or
            in which way.
    """

    jobs: int = 40
    faults: float = 1.0
    boundaries: int = 1500
    disk_fills: bool = True
    accounts_change: bool = True
    limit_is_enforced: bool = True
    reviews: bool = True
    limits: bool = True
    second_machine: bool = True
    quits: bool = True
    pause: float = 60.0
    motions: bool = True
    surprises: bool | Surprises = True


CALM = Options(
    faults=0.0,
    boundaries=0,
    disk_fills=False,
    accounts_change=False,
    limits=False,
    second_machine=False,
    surprises=False,
)
