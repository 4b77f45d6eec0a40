# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be true in every state."""

from __future__ import annotations

from .record import Record
from .state import World


def error(record: Record, w: World) -> str | None:
    """Return what is wrong in a state, if anything is.

    - No "nothing was started" is false, then or later.
    - The limit is not exceeded.
    - A line has at most one operation, and one more for each time that a person ordered it again
      after she was told that it may have been started.
    - Once the program does nothing more by itself, each operation is named by a row or was shown.
    """
    if any(each.key in w.denied for each in w.made):
        return 'a person was told "nothing was started", and Mint has an operation'
    if record.setup.limit and len(w.made) > record.setup.limit:
        return "the limit is exceeded"
    for line in record.lines:
        made = [number for number, each in enumerate(w.made) if each.line == line]
        if len(made) > 1 + w.again[line]:
            return "more operations than a person has ordered"
        if not w.seen.issuperset(_known(record, w, line, made)) and is_quiet(w, line):
            return "an operation that nothing names and nobody was shown"
    return None


def _known(record: Record, w: World, line: int, made: list[int]) -> list[int]:
    """Return the operations that somebody should know.

    What a backup does not know is shown by the lists when the line is ordered again.
    """
    is_restored = "backup" in record.setup.faults and not w.saved and not w.may("backup")
    if not is_restored:
        return made
    keys = {row.key for table in w.homes for row in table[line]}
    return [number for number in made if w.made[number].key in keys]


def is_quiet(w: World, line: int) -> bool:
    """Return whether the program does nothing more about a line by itself."""
    if any(each.line == line for each in w.net):
        return False
    if any(call is not None and call.line == line for call in w.calls):
        return False
    return all(row.is_resolved for table in w.homes for row in table[line])


def is_end(record: Record, w: World) -> bool:
    """Return whether everything has come to its end; from every state one can be reached."""
    if any(row.is_open for table in w.homes for rows in table for row in rows):
        return False
    return not any(w.calls) and all(is_quiet(w, line) for line in record.lines)
