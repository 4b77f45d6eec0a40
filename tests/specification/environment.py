# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint, the network, time, and everything that goes wrong."""

from __future__ import annotations

from collections.abc import Iterator

from .orders import Step
from .record import Record
from .state import Call, Files, Operation, Request, Row, Table, World, change


def happen(record: Record, w: World) -> Iterator[Step]:
    """Yield what may happen without the program, and the state after it."""
    for request in w.net:
        yield from _deliver(record, w, request)
    yield from _time(record, w)
    yield from _backups(record, w)
    if record.setup.folder == "blind":
        yield from _synchronize(w)
    for process in range(len(w.calls)):
        if w.may("crash"):
            yield f"crash (process {process + 1})", _crashed(record, w.take("crash"), process)
        if w.may("rekey") and w.keys[process] == 1:
            after = w.take("rekey")._replace(keys=change(w.keys, process, 2))
            yield f"another API key (process {process + 1})", after


def _deliver(record: Record, w: World, request: Request) -> Iterator[Step]:
    """Let Mint receive a request, and answer; or lose it, or its answer."""
    process = request.process
    sent = Call("sent", request.line, request.index, request.attempt)
    w = w._replace(net=w.net - {request})
    waits = w.calls[process] == sent
    for what, answer, after in _outcomes(record, w, request):
        if waits:
            answered = sent._replace(kind="answer", answer=answer)
            yield what, after.does(process, answered)
        if not isinstance(answer, str) and (record.setup.is_lossy or not waits):
            yield f"{what}; no answer", after.does(process, None) if waits else after
    if record.setup.is_lossy:
        yield "the request is lost", w.does(process, None) if waits else w


def _outcomes(record: Record, w: World, request: Request) -> list[tuple[str, int | str, World]]:
    """Return how Mint may answer. It knows a key for a day, for each API key."""
    known = [
        number
        for number, each in enumerate(w.made)
        if (each.key, each.credential) == (request.key, request.credential) and w.now - each.at < 2
    ]
    refusals = [(f"Mint answers: {each}", each, w) for each in record.setup.answers]
    if known:
        return [("Mint knows it", known[-1], w), *refusals]
    made = Operation(request.line, request.key, request.credential, w.now)
    after = w._replace(made=(*w.made, made))
    return [("MINT STARTS IT", len(w.made), after), *refusals]


def _time(record: Record, w: World) -> Iterator[Step]:
    """Let 12 hours pass, after which nothing is on its way, or let somebody set the clock."""
    if w.may("tick"):
        stays = {"answer", "order"} | (set() if record.on("connection") else {"checked"})
        calls = tuple(call if call and call.kind in stays else None for call in w.calls)
        after = w.take("tick")._replace(now=w.now + 1, net=frozenset(), calls=calls)
        yield "12 hours pass", after
    if not record.on("date") and w.may("clock"):
        yield "the local clock is set", w.take("clock")._replace(skew=0 if w.skew else 2)


def _backups(record: Record, w: World) -> Iterator[Step]:
    if w.may("backup"):
        yield "backup", w.take("backup")._replace(saved=(w.homes[0], w.files[0]))
    if w.saved:
        for what in record.setup.restores:
            after = _restored(record, w._replace(saved=None), *w.saved, what)
            yield f"restore the backup: {what}", after


def _synchronize(w: World) -> Iterator[Step]:
    for home, view in enumerate(w.files):
        merged = tuple(max(each, key=len) for each in zip(*w.files, strict=True))
        if merged != view:
            yield "the folder is synchronized", w._replace(files=change(w.files, home, merged))


def _crashed(record: Record, w: World, process: int) -> World:
    if not record.on("record"):  # what was not committed is gone, too
        home = record.setup.homes[process]
        table = tuple(
            tuple(row for row in rows if row.is_copy or row.is_resolved) for rows in w.homes[home]
        )
        w = w._replace(homes=change(w.homes, home, table))
    return _ended(record, w, process)


def _ended(record: Record, w: World, process: int) -> World:
    """End a process: what only it knew is gone. The next one opens the same journal file."""
    home = record.setup.homes[process]
    table = tuple(tuple(row._replace(looked=False) for row in rows) for rows in w.homes[home])
    return w._replace(homes=change(w.homes, home, table)).does(process, None)


def _restored(record: Record, w: World, table: Table, files: Files, what: str) -> World:
    if what != "folder":
        home = 1 if what == "home, on another machine" else 0
        for process, each in enumerate(record.setup.homes):
            if each == home:
                w = _ended(record, w, process)
        table = tuple(tuple(map(_copied, rows)) for rows in table)
        ordered = w.ordered | {(home, line) for line in record.lines if table[line]}
        homes = change(w.homes, home, table)
        w = w._replace(homes=homes, ordered=ordered, denied=frozenset())
    is_folder = what in {"folder", "home and folder"}
    return w._replace(files=(files,) * len(w.files)) if is_folder else w


def _copied(row: Row) -> Row:
    """Return a row as it is read in a copy of its journal file."""
    return row._replace(is_copy=True, looked=False)
