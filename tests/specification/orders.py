# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person and the program do about one line, beside sending it."""

from __future__ import annotations

from collections.abc import Iterator

from .record import Record
from .state import Call, Row, World, change

Step = tuple[str, World]


def act(record: Record, w: World, process: int, line: int) -> Iterator[Step]:
    """Yield what may be done about a line, and the state after it."""
    home = record.setup.homes[process]
    if not w.homes[home][line]:
        if record.setup.outside or not any(line == each for _, each in w.ordered):
            yield from _order(record, w, process, line)
        return
    yield from _continue(record, w, process, line)
    yield from _looks(record, w, process, line)
    yield from _again(record, w, process, line)


def _order(record: Record, w: World, process: int, line: int) -> Iterator[Step]:
    """Insert the first row of a line; with the rule, the limit is read in the same transaction."""
    home = record.setup.homes[process]
    if record.on("limit"):
        if record.is_within_limit(w, home):
            yield "order", _ordered(record, w, process, line)
    elif w.calls[process] == Call("order", line):
        yield "order", _ordered(record, w, process, line).does(process, None)
    elif w.calls[process] is None and record.is_within_limit(w, home):
        yield "read the limit", w.does(process, Call("order", line))


def _ordered(record: Record, w: World, process: int, line: int) -> World:
    home = record.setup.homes[process]
    after = w._replace(ordered=w.ordered | {(home, line)})
    return _scanned(record, after, home, line, 0, record.new_row(w, process, line, 0))


def _scanned(record: Record, w: World, home: int, line: int, index: int, row: Row) -> World:
    """Put a row that is ordered without a person who was told what the lists show."""
    if record.setup.outside and record.on("scan") and (found := record.candidates(w, home, 0)):
        row = row._replace(is_copy=True, looked=True)
        w = w._replace(seen=w.seen | found)
    return w.put(home, line, index, row)


def _continue(record: Record, w: World, process: int, line: int) -> Iterator[Step]:
    """Create the file of an open row, check it before it is sent, or cancel it."""
    home = record.setup.homes[process]
    rows = w.homes[home][line]
    index, row = len(rows) - 1, rows[-1]
    if not row.is_open:
        return
    if record.setup.folder and not row.filed and not row.is_copy:
        yield _file(record, w, home, line)
    if w.calls[process] is None and record.may_send(w, process, row):
        checked = Call("checked", line, index, clock=record.clock(w), credential=w.keys[process])
        yield "check", w.does(process, checked)
    if record.is_clean(row):
        after = w.put(home, line, index, row._replace(closed="canceled"))
        yield 'cancel: "nothing was started"', after._replace(denied=w.denied | {row.key})
    else:
        closed = "over" if row.looked else "dropped"
        yield "cancel: in doubt", w.put(home, line, index, row._replace(closed=closed))


def _file(record: Record, w: World, home: int, line: int) -> Step:
    rows, known = w.homes[home][line], w.files[home][line]
    index, row = len(rows) - 1, rows[-1]
    if len(known) > index:  # of another machine, or from before a restored backup
        row = row._replace(is_copy=True, closed="dropped", looked=False)
        return "find a file", w.put(home, line, index, row)
    known += (home,) * (index + 1 - len(known))
    views = range(len(w.files)) if record.setup.folder == "exclusive" else [home]
    files = w.files
    for view in views:
        files = change(files, view, change(files[view], line, known))
    after = w._replace(files=files).put(home, line, index, row._replace(filed=True))
    return "create the file", after


def _looks(record: Record, w: World, process: int, line: int) -> Iterator[Step]:
    """Read the lists for a row that is not sent any more."""
    home = record.setup.homes[process]
    if not record.is_settled(w, home, line) and record.on("settled"):
        return
    rows = w.homes[home][line]
    for index, row in enumerate(rows):
        is_last = index == len(rows) - 1
        is_wanted = not row.is_resolved or (is_last and row.is_over and not row.is_just_refused)
        if is_wanted and not rows[-1].looked and not record.may_send(w, process, row):
            yield _look(record, w, home, line, index)


def _look(record: Record, w: World, home: int, line: int, index: int) -> Step:
    row = w.homes[home][line][index]
    found = record.candidates(w, home, row.born)
    if found and not record.on("chosen"):
        return "look: adopt", w.put(home, line, index, row._replace(operation=min(found)))
    closed = "over" if row.closed == "dropped" else row.closed
    after = w.put(home, line, index, row._replace(looked=True, closed=closed))
    return f"look: {len(found)} offered", after._replace(seen=w.seen | found)


def _again(record: Record, w: World, process: int, line: int) -> Iterator[Step]:
    """Order it again: "once more" with the same key while Mint knows it, or with a new row."""
    home = record.setup.homes[process]
    rows = w.homes[home][line]
    index, row = len(rows) - 1, rows[-1]
    if record.may_reopen(row) and w.may("again") and record.is_within_limit(w, home):
        again = row._replace(closed="", born=record.clock(w))
        yield "order as it is", _scanned(record, w.take("again"), home, line, index, again)
    is_known = row.looked or not record.on("look")
    is_told = row.operation is None and row.closed != "canceled" and is_known
    may_start = is_told or row.is_just_refused
    if not may_start or not w.may("again") or not record.is_within_limit(w, home):
        return
    after = w.take("again")
    if row.is_open and row.attempts and record.may_repeat(w, process, row):
        after = after.put(home, line, index, _taken_over(record, row))
    else:
        closed = "refused" if row.closed == "refused" else "over"
        after = after.put(home, line, index, row._replace(closed=closed))
        after = after.put(home, line, index + 1, record.new_row(w, process, line, index + 1))
    if row.looked:
        after = after._replace(again=change(w.again, line, w.again[line] + 1))
    yield "again", after


def _taken_over(record: Record, row: Row) -> Row:
    """Return the row of this journal file, with an attempt that the original may have begun."""
    attempts = row.attempts + 1 if record.on("takeover") else row.attempts
    return row._replace(is_copy=False, attempts=attempts)
