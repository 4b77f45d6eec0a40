# SPDX-License-Identifier: GPL-3.0-or-later
"""What each switch has to do: functions by the name of the switch. test_switches.py runs them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from ..contract_client import ContractClient

Check = Callable[[ContractClient, str], None]
CHECKS: dict[str, Check] = {}
ENDS = ("succeeded", "partially_succeeded", "failed", "canceled")


def check(*names: str) -> Callable[[Check], Check]:
    """Register the check of one or more switches. It gets the client and the switch's name."""

    def keep(function: Check) -> Check:
        CHECKS.update(dict.fromkeys(names, function))
        return function

    return keep


def finished(client: ContractClient, name: str, kind: str = "model") -> dict[str, Any]:
    """An operation under a switch, brought to its end."""
    return client.finished(f"a mug [{name}]", kind)


def download(url: str, **headers: str) -> requests.Response:
    """A file, without a key."""
    return requests.get(url, headers=headers, timeout=20)
