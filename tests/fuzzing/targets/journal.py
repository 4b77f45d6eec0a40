# SPDX-License-Identifier: GPL-3.0-or-later
"""Journals: SQLite rows with anything in them.

An input is JSON: rows for the tables of a journal that has one good job. Texts may be any bytes.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from mint_blender.jobs.database import JournalError
from mint_blender.jobs.job import Job
from mint_blender.jobs.presentation.job_groups import group_jobs
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.storage import serialization
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.account import Account

from ...jobs.workflow_harness import a_job, working
from ..checks import check_sentence, guarded_folder
from ..target import MEGABYTE, Target

TABLES = ("jobs", "changes", "uploads", "moves", "paid_requests")
GOOD = "0123456789ab"


def try_rows(data: bytes) -> None:
    """Read a journal in every way."""
    with guarded_folder() as folder:
        home = folder / "home"
        shutil.copytree(_template(), home)
        _insert(home / "journal.sqlite3", data)
        try:
            with closing(Journal(home)) as journal:
                journal.set_account(Account("mk_key_0123456789"))
                _read_all(journal)
        except JournalError as error:
            check_sentence(str(error).replace(str(home), ""))


def _read_all(journal: Journal) -> None:
    """Ask everything that the window and the command line ask."""
    records = list(journal.records())
    jobs = [each for each in records if isinstance(each, Job)]
    assert GOOD in {job.id for job in jobs}, "a good job is hidden by a damaged one"
    journal.listed_jobs(""), journal.listed_ids(), journal.open_records(), journal.ended_ids()
    journal.ended_records(10), journal.jobs_of_asset("m1"), journal.jobs_of_lines("/x#")
    journal.newest_jobs(10), journal.moves([GOOD]), journal.assets(exclude=GOOD), journal.changes(0)
    journal.spent((0.0, 2e9)), journal.last_optimization(), journal.job_of_client_request("r")
    for job in jobs:
        JobView(job).state, JobView(job).verbs, JobView(job).cost, JobView(job).report()
        assert isinstance(job.title, str)
        journal.save(job)
    group_jobs(jobs, lambda job_id: False)


def _insert(path: Path, data: bytes) -> None:
    """Insert the rows that SQLite accepts."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        for table, row in _rows(data):
            marks = ", ".join(
                "CAST(? AS TEXT)" if isinstance(value, bytes) else "?" for value in row.values()
            )
            names = ", ".join(f'"{name}"' for name in row)
            with suppress(sqlite3.Error, OverflowError, UnicodeError):
                connection.execute(
                    f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})", list(row.values())
                )
        connection.execute("COMMIT")


def _rows(data: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    with suppress(ValueError, RecursionError, TypeError, AttributeError):
        document = json.loads(data)
        for table in TABLES:
            for row in document.get(table, []):
                clean = {name.replace('"', ""): _value(value) for name, value in row.items()}
                if clean.get("id") != GOOD and clean.get("job") != GOOD and clean:
                    yield table, clean


def _value(value: Any) -> Any:
    """Return a value for SQLite: a text with half a surrogate pair is bytes that are no text."""
    if isinstance(value, dict | list):
        return json.dumps(value)
    if isinstance(value, str) and not value.isprintable():
        return value.encode("utf-8", "surrogatepass")
    return value


@cache
def _template() -> Path:
    """Return the home of a journal with one good job."""
    home = Path(tempfile.mkdtemp(prefix="mint-fuzz-journal-"))
    with closing(Journal(home)) as journal:
        journal.add(replace(working(), id=GOOD))
    return home


def row(job: Job, **more: object) -> dict[str, object]:
    return {
        "id": job.id,
        "created_at": job.created_at,
        "kind": job.kind.value,
        "phase": job.phase.value,
        "record": json.loads(serialization.dump(job)),
        "cancel": 0,
        "client_request": None,
        "process": None,
        "dismissed": 0,
        "origin": "https://api.mint.gg",
        "account": "u1",
    } | more


def _seeds() -> Iterator[bytes]:
    waiting, running = a_job(), working()
    note = {"code": "x", "template": "{a} is {b:,.0f}.", "params": {"a": "A", "b": 5}}
    problem = {"cause": "work", "message": note, "code": "x", "request_id": "r"}
    noted = row(running)
    noted["record"] = noted["record"] | {"notes": [note], "problem": problem}  # type: ignore[operator]
    for rows in (
        {"jobs": [row(waiting), row(running)]},
        {
            "jobs": [
                row(running, cancel=1, process="1", client_request="r"),
                row(waiting, dismissed=1),
            ]
        },
        {"jobs": [noted], "changes": [{"serial": 7, "job": running.id}]},
        {
            "jobs": [row(running)],
            "moves": [{"job": running.id, "phase": "working", "at": 5.0}],
            "uploads": [{"digest": "d", "origin": "o", "account": "a", "url": "u", "at": 1.0}],
            "paid_requests": [
                {"key": verb, "subject": f"job:{running.id}", "verb": verb, "number": 1}
                | {"job": running.id, "body": json.dumps({"feedback": "Greener."}), "credits": 5.0}
                | {"journal": "j", "born": 1.0, "credential": "c"}
                | {"attempts": 1, "refusals": 0, "attempted": 1.0, "operation": None}
                | {"closed": closed}
                for verb, closed in (("start", None), ("approve", None), ("revise", "dropped"))
            ],
        },
    ):
        yield json.dumps(rows).encode()


TARGETS = (Target("journal_rows", try_rows, tuple(_seeds()), is_json=True, memory=16 * MEGABYTE),)
