# SPDX-License-Identifier: GPL-3.0-or-later
"""The configurations, and in which of them a rule shows that it is needed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .exploring import Exploration, Model, explore
from .state import Setup

SETUPS = {
    "one process": Setup(
        (0,), {"tick": 3, "crash": 1, "again": 1}, answers=("refused", "busy"), attempts=3
    ),
    "lists that show nothing": Setup((0,), {"again": 1}, is_listed=False, is_lossy=False),
    "one process, clock": Setup((0,), {"tick": 3, "clock": 2, "again": 1}, answers=()),
    "another API key": Setup((0,), {"tick": 1, "crash": 1, "rekey": 1, "again": 1}),
    "two processes": Setup((0, 0), {"crash": 1, "again": 1}),
    "two processes, another API key": Setup((0, 0), {"rekey": 1, "again": 1}),
    "two lines that look the same": Setup((0,), {"tick": 1, "again": 1}, lines=2, answers=()),
    "limit of one": Setup((0, 0), {"again": 1}, lines=2, answers=(), limit=1),
    "backup of a home": Setup((0,), {"tick": 2, "backup": 1, "again": 1}, restores=("home",)),
    "backup of two lines": Setup(
        (0,),
        {"backup": 1, "again": 1},
        lines=2,
        answers=("busy",),
        restores=("home",),
        is_lossy=False,
    ),
    "backup on another machine": Setup(
        (0, 1),
        {"tick": 2, "backup": 1, "again": 1},
        answers=(),
        restores=("home, on another machine",),
    ),
    "folder": Setup((0, 1), {"crash": 1, "again": 1}, outside=True, folder="exclusive"),
    "folder, two API keys": Setup(
        (0, 1), {"tick": 1, "again": 1}, outside=True, folder="exclusive", keys=(1, 2), answers=()
    ),
    "folder that is seen late": Setup(
        (0, 1), {"again": 1}, outside=True, folder="blind", attempts=1
    ),
    "folder that is seen late, 12 hours": Setup(
        (0, 1), {"tick": 1}, outside=True, folder="blind", answers=()
    ),
    "backup of a folder": Setup(
        (0,),
        {"tick": 2, "backup": 1, "again": 1},
        outside=True,
        folder="exclusive",
        restores=("home", "folder", "home and folder"),
    ),
    "a program's request": Setup((0, 0), {"tick": 1, "crash": 1, "again": 1}, outside=True),
}
"""All configurations."""

_SMALL: dict[str, dict[str, Any]] = {
    "one process": {"attempts": 2},
    "two lines that look the same": {"faults": {"again": 1}},
    "backup of a home": {"faults": {"tick": 1, "backup": 1, "again": 1}},
    "backup of two lines": {"attempts": 1},
    "backup on another machine": {"faults": {"tick": 1, "backup": 1, "again": 1}},
    "folder": {"attempts": 1},
    "folder, two API keys": {"attempts": 1},
    "backup of a folder": {"attempts": 1},
}
SMALL = {name: replace(setup, **_SMALL.get(name, {})) for name, setup in SETUPS.items()}
"""The same, the large ones in smaller bounds: the tests explore them in some ten seconds."""

LARGE = frozenset({"backup of two lines", "backup on another machine", "folder that is seen late"})
"""Those of them that take the longest, each beside another one with the same faults."""

SHOWN_IN = {
    "record": "one process",
    "key": "folder that is seen late",
    "begin": "one process",
    "age": "one process",
    "date": "one process, clock",
    "connection": "one process",
    "credential": "another API key",
    "doubt": "one process",
    "memory": "backup of a home",
    "copy": "backup of a home",
    "takeover": "backup of two lines",
    "outside": "folder",
    "file": "folder, two API keys",
    "scan": "backup of a folder",
    "chosen": "two lines that look the same",
    "settled": "one process",
    "look": "one process",
    "operation": "lists that show nothing",
    "limit": "limit of one",
}
"""For each rule of the model the configuration in which something is wrong without it."""


def explore_setup(name: str, *, off: str = "", is_small: bool = False) -> Exploration:
    """Explore a configuration, with one rule switched off if `off` names one."""
    setup = (SMALL if is_small else SETUPS)[name]
    return explore(Model(setup, off))
