# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of each switch: functions by the name of the switch, run by test_switches.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from ..contract_client import ContractClient

Check = Callable[[ContractClient, str], None]
CHECKS: dict[str, Check] = {}
ENDS = ("succeeded", "partially_succeeded", "failed", "canceled")


def check(*names: str) -> Callable[[Check], Check]:
    """Register the check of one or more switches.

    The check gets the client and the switch's name.
    """

    def keep(function: Check) -> Check:
        CHECKS.update(dict.fromkeys(names, function))
        return function

    return keep


def finished(client: ContractClient, name: str, kind: str = "model") -> dict[str, Any]:
    """Return an operation with a switch after it has finished."""
    return client.finished(f"a mug [{name}]", kind)


def download(url: str, **headers: str) -> requests.Response:
    """Download a file without a key."""
    return requests.get(url, headers=headers, timeout=20)
