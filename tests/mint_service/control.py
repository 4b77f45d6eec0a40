# SPDX-License-Identifier: GPL-3.0-or-later
"""The control address for tests, outside /v1: read the log, move the clock, change the scenario.

It needs no key and is not logged.
"""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from .backend import Mint
from .records import as_json
from .switches import TABLE

PREFIX = "/_service"


async def handle(mint: Mint, request: web.Request) -> web.Response:
    """Respond to one control request."""
    try:
        body = json.loads(await request.read() or b"{}")
        return web.json_response(
            _do(mint, request.method, request.path.removeprefix(PREFIX).strip("/"), body)
        )
    except LookupError:
        return web.json_response({"error": "no such control"}, status=404)
    except (ValueError, TypeError) as error:
        return web.json_response({"error": str(error)}, status=400)


def _do(mint: Mint, method: str, what: str, body: dict[str, Any]) -> Any:
    if method == "GET":
        return _tell(mint, what)
    match method, what:
        case "DELETE", "log":
            mint.log.clear()
        case "POST", "credits":
            with mint.at_work():
                mint.credit_account.add(
                    body["add"] if "add" in body else body["set"] - mint.credit_account.available
                )
        case "POST", "advance":
            mint.clock.advance(float(body["seconds"]))
            mint.operations()
        case "POST", "scenario":
            mint.scenario(body)
        case _:
            raise LookupError(what)
    return {"ok": True}


def _tell(mint: Mint, what: str) -> Any:
    match what:
        case "log":
            return [entry.as_json() for entry in mint.log.snapshot()]
        case "operations":
            return [as_json(operation) for operation in mint.operations()]
        case "resources":
            return [as_json(resource) for resource in mint.resources()]
        case "switches":
            return [{"name": s.name, "acts": s.acts, "does": s.does} for s in TABLE]
        case "credits":
            with mint.at_work():
                book = mint.credit_account
                return {
                    "available": book.available,
                    "reserved": book.reserved,
                    "balance": book.balance,
                    "spent": book.spent,
                }
        case "":
            return {"time": mint.clock.now(), "api": mint.api_url, "files": mint.files_url}
        case _:
            raise LookupError(what)
