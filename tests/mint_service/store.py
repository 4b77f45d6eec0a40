# SPDX-License-Identifier: GPL-3.0-or-later
"""All state that outlives a restart: records in SQLite, contents of files in a folder beside it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .records import Operation, Record, Replay, Resource, StoredFile, as_json

SCHEMA = """
create table if not exists records (kind text, id text, place integer, data text, primary key (kind, id));
create table if not exists facts (name text primary key, data text);
"""


class Store:
    """Records in memory and on disk, for one process; the caller holds the lock.

    The database is not synced to disk: it survives a killed process, which tests need.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.blobs = self.path.with_name(self.path.name + "-files")
        self.blobs.mkdir(exist_ok=True)
        self._db = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=off")
        self._db.executescript(SCHEMA)
        self.operations: dict[str, Operation] = {
            o.id: o for o in self._load("operation", Operation)
        }
        self.resources: dict[str, Resource] = {r.id: r for r in self._load("resource", Resource)}
        self.files: dict[str, StoredFile] = {f.path: f for f in self._load("file", StoredFile)}
        self.replays: dict[str, Replay] = {r.scope: r for r in self._load("replay", Replay)}
        self._places = self._db.execute("select coalesce(max(place), 0) from records").fetchone()[0]

    def _load(self, kind: str, cls: type[Any]) -> Iterator[Any]:
        for (data,) in self._db.execute(
            "select data from records where kind = ? order by place", (kind,)
        ):
            yield cls(**json.loads(data))

    def save(self, record: Record) -> None:
        """Save a new or changed record."""
        match record:
            case Operation():
                kind, key = "operation", record.id
                self.operations[key] = record
            case Resource():
                kind, key = "resource", record.id
                self.resources[key] = record
            case StoredFile():
                kind, key = "file", record.path
                self.files[key] = record
            case Replay():
                kind, key = "replay", record.scope
                self.replays[key] = record
        self._places += 1
        self._db.execute(
            "insert into records values (?, ?, ?, ?) on conflict (kind, id) do update set data = excluded.data",
            (kind, key, self._places, json.dumps(as_json(record))),
        )

    def forget_replay(self, scope: str) -> None:
        """Remove an idempotency record that is too old."""
        self.replays.pop(scope, None)
        self._db.execute("delete from records where kind = 'replay' and id = ?", (scope,))

    def fact(self, name: str, default: Any = None) -> Any:
        """Return a single stored value (clock, ports, key, Credits)."""
        row = self._db.execute("select data from facts where name = ?", (name,)).fetchone()
        return default if row is None else json.loads(row[0])

    def set_fact(self, name: str, value: Any) -> None:
        """Store a single value."""
        self._db.execute(
            "insert into facts values (?, ?) on conflict (name) do update set data = excluded.data",
            (name, json.dumps(value)),
        )

    def keep_bytes(self, content: bytes) -> str:
        """Store a file's content and return its sha256."""
        digest = hashlib.sha256(content).hexdigest()
        target = self.blobs / digest
        if not target.exists():
            part = target.with_suffix(f".{os.getpid()}")
            part.write_bytes(content)
            part.replace(target)
        return digest

    def keep_file(self, source: Path) -> str:
        """Store a copy of a file on disk (a hard link where the disk allows it)."""
        with source.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        target = self.blobs / digest
        if not target.exists():
            try:
                os.link(source, target)
            except OSError:
                shutil.copyfile(source, target)
        return digest

    def blob(self, digest: str) -> Path:
        """Return the path of a stored content."""
        return self.blobs / digest

    def close(self) -> None:
        """Write all changes and close the database."""
        self._db.close()
