# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of writes around a send: begin the attempt, send, store the answer."""

from __future__ import annotations

from collections.abc import Iterator

from .orders import Step
from .record import Record
from .state import Call, Request, World


def send(record: Record, w: World, process: int) -> Iterator[Step]:
    """Yield what a process does next about the request that it is sending."""
    call, name = w.calls[process], f"(process {process + 1})"
    if call is None or call.kind == "order":
        return
    home = record.setup.homes[process]
    if call.index >= len(w.homes[home][call.line]):  # a restored backup
        return
    if call.kind == "checked":
        what, after = _begin(record, w, process, call)
        yield f"{what} {name}", after
    elif call.kind == "answer":
        what, after = _store(record, w.does(process, None), home, call)
        yield f"store {what} {name}", after
    elif record.setup.is_lossy:
        yield f"give up waiting {name}", w.does(process, None)


def _begin(record: Record, w: World, process: int, call: Call) -> Step:
    """Begin the attempt in a transaction that reads the row again, and send."""
    home = record.setup.homes[process]
    row = w.homes[home][call.line][call.index]
    is_left = record.on("begin") and not record.may_begin(row, call)
    if row.attempts >= record.setup.attempts or is_left:
        return "leave it", w.does(process, None)
    if record.is_clean(row):
        row = row._replace(born=call.clock, credential=call.credential)
    row = row._replace(
        credential=row.credential or call.credential, attempts=row.attempts + 1, looked=False
    )
    request = Request(process, call.line, call.index, row.attempts, row.key, call.credential)
    after = w.does(process, Call("sent", call.line, call.index, row.attempts))
    after = after._replace(net=w.net | {request})
    return "send", after.put(home, call.line, call.index, row)


def _store(record: Record, w: World, home: int, call: Call) -> Step:
    """Store an answer."""
    row = w.homes[home][call.line][call.index]
    if not isinstance(call.answer, str):
        if row.is_open or record.on("operation"):
            row = row._replace(operation=call.answer)
        return "the operation", w.put(home, call.line, call.index, row)
    row = row._replace(refusals=row.refusals + 1)
    is_final = call.answer == "refused" and row.is_open
    if is_final and (record.is_clean(row) or not record.on("doubt")):
        row = row._replace(closed="refused")
        w = w._replace(denied=w.denied | {row.key})
    return call.answer, w.put(home, call.line, call.index, row)
