# SPDX-License-Identifier: GPL-3.0-or-later
"""The control address for tests, outside /v1: read the log, move the clock, change the scenario.

It needs no key and is not logged.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from aiohttp import web

from .backend import Mint
from .records import Operation, Resource

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
    match method, what:
        case "GET", "log":
            return [asdict(entry) for entry in mint.log.snapshot()]
        case "GET", "state":
            with mint.at_work():
                return {
                    "operations": [asdict(Operation.of(o)) for o in mint.operations.all.values()],
                    "resources": [
                        asdict(Resource.of(r)) for r in mint.operations.resources.values()
                    ],
                    "credits": mint.project.balance,
                }
        case "POST", "advance":
            mint.clock.advance(float(body["seconds"]))
            with mint.at_work():
                return {}
        case "POST", "scenario":
            mint.scenario(body)
            return {}
        case _:
            raise LookupError(what)
