# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries from the window to Mint, which are never sent while drawing.

The worker sends them, and the job service keeps the answers.
"""

from __future__ import annotations

from ...addon_settings import may_go_online
from ...jobs.queries import Query
from ...jobs.storage.journal import JournalError
from .. import heartbeat, session


def ask(*queries: Query) -> str | None:
    """Send queries to Mint; return why that is not possible, or None."""
    if not may_go_online():
        return session.OFFLINE
    try:
        service = session.service()
    except JournalError as error:
        return str(error)
    for query in queries:
        service.queries.ask(query)
    heartbeat.listen()
    heartbeat.redraw()
    return None


def ask_unknown(*queries: Query) -> None:
    """Send the queries whose answer is unknown or too old, if anything can be sent."""
    missing = unknown(*queries)
    if missing and may_go_online() and session.account().key:
        ask(*missing)


def unknown(*queries: Query) -> list[Query]:
    """Return the queries that have no answer and are not pending."""
    service = session.existing_service()
    return [
        each
        for each in queries
        if service is None or not (service.budget.known(each) or service.queries.is_pending(each))
    ]
