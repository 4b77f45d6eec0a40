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
    """Ask Mint; a sentence says why that cannot be."""
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
    """Ask what is not known, or was read too long ago; nothing where nothing can be asked."""
    missing = unknown(*queries)
    if missing and may_go_online() and session.account().key:
        ask(*missing)


def unknown(*queries: Query) -> list[Query]:
    """Return the questions to which no answer is known, and which are not being asked."""
    service = session.existing_service()
    return [
        each
        for each in queries
        if service is None or not (service.budget.known(each) or service.queries.is_pending(each))
    ]
