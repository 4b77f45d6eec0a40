# SPDX-License-Identifier: GPL-3.0-or-later
"""All states of a model, and the shortest way to one that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from . import environment, orders, properties, sending
from .record import Record
from .state import World

MOST = 1_000_000
"""The states of a configuration, at most."""


class Model(Record):
    """The protocol in a configuration."""

    def start(self) -> World:
        """Return the state in which nothing was ordered."""
        setup = self.setup
        count = len(setup.homes)
        homes = tuple(((),) * setup.lines for _ in range(max(setup.homes) + 1))
        return World(
            now=0,
            skew=0,
            made=(),
            net=frozenset(),
            calls=(None,) * count,
            keys=setup.keys[:count],
            homes=homes,
            files=homes,
            ordered=frozenset(),
            seen=frozenset(),
            denied=frozenset(),
            again=(0,) * setup.lines,
            saved=None,
            left=tuple(sorted(setup.faults.items())),
        )

    def steps(self, w: World) -> Iterator[tuple[str, World]]:
        """Yield what may happen, and the state after it."""
        yield from environment.happen(self, w)
        for process in range(len(self.setup.homes)):
            for line in self.lines:
                for what, after in orders.act(self, w, process, line):
                    yield f"{what} (process {process + 1}, line {line + 1})", after
            yield from sending.send(self, w, process)

    def error(self, w: World) -> str | None:
        """Return what is wrong in a state, if anything is."""
        return properties.error(self, w)

    def is_end(self, w: World) -> bool:
        """Return whether everything has come to its end."""
        return properties.is_end(self, w)


@dataclass(frozen=True)
class Exploration:
    """What was found."""

    states: int
    error: str | None = None
    """The first one."""
    steps: tuple[str, ...] = ()
    """The shortest way to it."""

    def __str__(self) -> str:
        """Return the error and the steps, a line each."""
        numbered = (f"    {number}. {step}" for number, step in enumerate(self.steps, 1))
        return "\n".join([self.error or "all is well", *numbered])


def explore(model: Model) -> Exploration:
    """Explore all states, breadth first, until one is wrong or there are too many.

    From each an end has to be reached, too.
    """
    start = model.start()
    number, states, parents = {start: 0}, [start], [(0, "")]
    before: list[list[int]] = [[]]
    for index, w in enumerate(states):  # grows meanwhile
        for what, after in model.steps(w):
            known = number.get(after)
            if known is None:
                known = number[after] = len(states)
                states.append(after)
                parents.append((index, what))
                before.append([])
                if (error := model.error(after)) is not None:
                    return Exploration(len(states), error, _way(parents, known))
            before[known].append(index)
        if len(states) > MOST:
            return Exploration(len(states), "too many states")
    lost = _first_without_end(before, [i for i, w in enumerate(states) if model.is_end(w)])
    if lost is not None:
        return Exploration(len(states), "no end can be reached", _way(parents, lost))
    return Exploration(len(states))


def _first_without_end(before: list[list[int]], ends: list[int]) -> int | None:
    """Return the first state from which no end can be reached."""
    reached = set(ends)
    for index in ends:  # grows meanwhile
        for each in before[index]:
            if each not in reached:
                reached.add(each)
                ends.append(each)
    return next((index for index in range(len(before)) if index not in reached), None)


def _way(parents: list[tuple[int, str]], index: int) -> tuple[str, ...]:
    """Return the steps to a state."""
    steps = []
    while index:
        index, what = parents[index]
        steps.append(what)
    return tuple(steps[::-1])
