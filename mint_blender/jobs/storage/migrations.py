# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the tables of a journal from each version to the next: one function for each."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from ...files.file_identity import identity
from ..job import Job
from ..paid_requests import table
from ..paid_requests.record import (
    FOUND,
    PaidVerb,
    of_asset,
    of_client_request,
    of_job,
    of_operation,
)
from . import tables
from .database import Database, Migration
from .serialization import ROW, load_row, with_requests

log = logging.getLogger(__name__)

VERSION = 3
"""The version of the tables: it is raised with every change of them."""

_ADDED_BEFORE_1 = {
    "decision": "TEXT",
    "process": "TEXT",
    "dismissed": "INTEGER NOT NULL DEFAULT 0",
    "origin": "TEXT NOT NULL DEFAULT ''",
    "account": "TEXT NOT NULL DEFAULT ''",
}


def _add_columns(database: Database, table: str, columns: Mapping[str, str]) -> None:
    """Add the columns that a table does not have yet, by name with their types."""
    found = {name for _, name, *_ in database.rows(f"PRAGMA table_info({table})")}
    for name, kind in columns.items():
        if name not in found:
            database.rows(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")


def _to_2(database: Database) -> None:
    """Give each paid request a record of its own.

    What was sent without an answer is only looked for: its row belongs to no journal file. It has
    no time either: that was the time of this computer, and too late a one would hide the result.
    """
    _add_columns(database, "jobs", _ADDED_BEFORE_1)
    for index in ("listed_jobs", "open_jobs", "ended_jobs", "driven_jobs", "jobs_by_phase"):
        database.rows(f"DROP INDEX IF EXISTS {index}")
    database.rows("ALTER TABLE jobs ADD COLUMN cancel INTEGER NOT NULL DEFAULT 0")
    database.rows("ALTER TABLE jobs ADD COLUMN client_request TEXT")
    for statement in table.TABLES:
        database.rows(statement)
    found = "SELECT job, id, content, quote FROM client_requests"
    programs = {
        job: {"id": id, "content": content, "quote": quote}
        for job, id, content, quote in (
            database.rows(found) if _has_table(database, "client_requests") else ()
        )
    }
    for job_id, text, phase, decision in database.rows(
        "SELECT id, record, phase, decision FROM jobs ORDER BY rowid"
    ):
        program = programs.get(job_id)
        if program is not None:  # first: what cannot be read must not be ordered again
            query = "UPDATE jobs SET client_request = ? WHERE id = ?"
            database.rows(query, program["id"], job_id)
        try:
            record = json.loads(text)
            record["client_request"] = program
            _add_requests(database, job_id, record, phase, program)
            if decision is not None:
                phase = _add_decision(database, job_id, record, phase, json.loads(decision))
            query = "UPDATE jobs SET record = ?, phase = ? WHERE id = ?"
            database.rows(query, json.dumps(record), phase, job_id)
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("The record of job %s cannot be read", ascii(job_id))
    database.rows("ALTER TABLE jobs DROP COLUMN decision")
    for name in ("client_requests", "summaries", "spending"):
        database.rows(f"DROP TABLE IF EXISTS {name}")


def _has_table(database: Database, name: str) -> bool:
    return database.row("SELECT 1 FROM sqlite_master WHERE name = ?", name) is not None


def _add_requests(
    database: Database,
    job_id: str,
    record: dict[str, Any],
    phase: str,
    program: Mapping[str, str] | None,
) -> None:
    """Insert the rows of a job's start or conversion, and of its optimization."""
    asset: str | None
    asset, is_conversion = record.get("source_asset_id"), bool(record.get("convert"))
    was_found = asset is not None and not is_conversion and record.get("first_sent_at") is not None
    operation = (record.get("operation") or {}).get("id")
    if asset is None or is_conversion or was_found:
        subject = of_client_request(program["id"]) if program else of_job(job_id)
        made = operation or (f"{FOUND}{asset}" if was_found else None)
        verb = PaidVerb.CONVERT if is_conversion else PaidVerb.START
        _insert(
            database,
            of_asset(asset or "") if is_conversion else subject,
            verb,
            job_id,
            key=record["key"],
            body=record.get("body"),
            sent_at=record.get("first_sent_at"),
            operation=made,
            credits=record.get("estimate"),
            closed="over" if phase in {"failed", "canceled"} and made is None else None,
        )
    optimization = record.get("optimization") or {}
    sent_at = record.get("optimize_sent_at")
    if optimization or sent_at is not None:
        made_of = asset or ((record.get("operation") or {}).get("resource") or {}).get("id")
        _insert(
            database,
            of_asset(made_of or job_id),
            PaidVerb.OPTIMIZE,
            job_id,
            key=f"{record['key']}-optimize",
            body={"optimizationLevel": record.get("optimize")},
            sent_at=sent_at,
            operation=optimization.get("id"),
            credits=record.get("optimize_estimate"),
        )


def _add_decision(
    database: Database, job_id: str, record: dict[str, Any], phase: str, decision: dict[str, Any]
) -> str:
    """Insert the row of a decision that Mint had not confirmed: what it has done is looked for.

    Returns the phase of the job: one that is retried has not failed any more.
    """
    verb, operation = decision["verb"], record.get("operation") or {}
    resource = (operation.get("resource") or {}).get("id")
    subject = of_operation(operation.get("id") or job_id)
    if verb == "cancel":
        database.rows("UPDATE jobs SET cancel = 1 WHERE id = ?", job_id)
        return phase
    if verb == "resume" and not resource:
        return phase  # that was the start once more, which has its row
    if verb == "retry":
        asset = record.get("source_asset_id") or resource
        verb = "convert" if record.get("convert") else "retry" if asset else "start"
        subject = of_asset(asset) if asset else of_job(job_id)
        paid = (operation.get("credits") or {}).get("finalized") or 0.0
        record["paid_before"] = record.get("paid_before", 0.0) + paid
        record |= {"source_asset_id": asset, "operation": None, "problem": None}
        phase = "waiting"
    _insert(
        database,
        subject,
        PaidVerb(verb),
        job_id,
        key=decision["key"],
        body={"feedback": decision["feedback"]} if decision.get("feedback") else {},
        sent_at=decision.get("at") or 0.0,
        operation=None,
        credits=decision.get("estimate"),
    )
    return phase


def _insert(database: Database, subject: str, verb: PaidVerb, job_id: str, **more: object) -> None:
    """Insert a row, which was sent at `sent_at`, or never, and has made `operation`, or nothing."""
    query = "SELECT coalesce(max(number), 0) FROM paid_requests WHERE subject = ? AND verb = ?"
    number = database.rows(query, subject, verb.value)[0][0] + 1
    body, sent_at, made = more.pop("body"), more.pop("sent_at"), more.get("operation")
    row = more | {"subject": subject, "verb": verb.value, "number": number, "job": job_id}
    row |= {"body": json.dumps(body) if body else None, "journal": "", "born": 0.0}
    row |= {"attempts": int(sent_at is not None or made is not None)}
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    query = f"INSERT OR IGNORE INTO paid_requests ({columns}) VALUES ({marks})"  # noqa: S608 - our columns
    database.rows(query, *row.values())


def _to_3(database: Database) -> None:
    """Say in each paid request what it has cost, and in each job what it is about."""
    _add_columns(database, "jobs", tables.COLUMNS)
    _add_columns(database, "paid_requests", {"cost": "REAL"})
    if _has_table(database, "summaries"):  # a job that cannot be read keeps what it has cost
        database.rows(
            "UPDATE jobs SET asset = old.asset, line = old.line, without_request = old.credits,"
            " counted = CASE slot WHEN -1 THEN -1.0 ELSE 900.0 * slot END"
            " FROM summaries AS old WHERE old.job = id"
        )
    for name in ("summaries", "spending"):
        database.rows(f"DROP TABLE IF EXISTS {name}")
    requests = table.PaidRequests(database, identity(database.path))
    for *row, is_dismissed in database.rows(f"SELECT {ROW}, dismissed FROM jobs"):  # noqa: S608 - our columns
        job_id = row[0]
        rows = requests.of_jobs([job_id]).get(job_id, ())
        try:
            job = load_row(row, rows)
            paid_before = float(json.loads(row[2]).get("paid_before") or 0.0)
        except Exception as error:  # noqa: BLE001 - a damaged record concerns its job alone
            log.warning("Job %s cannot be read: %s", ascii(job_id), type(error).__name__)
            continue
        if paid_before:
            job = _with_earlier_cost(database, requests, job, paid_before)
        tables.note_content(database, job, is_dismissed=bool(is_dismissed))


def _with_earlier_cost(
    database: Database, requests: table.PaidRequests, job: Job, credits: float
) -> Job:
    """Return a job of which an earlier request says what all earlier attempts have cost.

    Version 1 has kept no request of them: then one is inserted, before the present ones.
    """
    now = (job.start_request, job.paid_request(PaidVerb.OPTIMIZE))
    earlier = [each for each in job.requests if each not in now and each.is_answered]
    if earlier:
        table.note_cost(database, earlier[-1].key, credits)
    else:
        name = f"{job.id}-earlier"
        database.rows(
            "INSERT INTO paid_requests (rowid, key, subject, verb, number, job, journal, born,"
            " attempts, operation, closed, cost) SELECT coalesce(min(rowid), 0) - 1, ?, ?, 'start',"
            " 1, ?, '', 0.0, 1, ?, 'over', ? FROM paid_requests",
            *(name, name, job.id, name, credits),
        )
    return with_requests(job, requests.of_jobs([job.id])[job.id] or (), is_canceled=False)


MIGRATIONS: Mapping[int, Migration] = {1: _to_2, 2: _to_3}
