# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that every switch does what the table says, with one check for each row."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mint_service import switches

from .contract_client import ContractClient
from .switch_checks import CHECKS, asset_switches, operation_switches, response_switches

assert (
    response_switches and asset_switches and operation_switches
)  # importing them registers their checks


@pytest.mark.parametrize("name", [switch.name for switch in switches.TABLE])
def test_switch(client: ContractClient, name: str) -> None:
    """The word in a prompt has the effect that its row describes."""
    CHECKS[name](ContractClient(client.service, words_are_free=name.startswith("unknown-")), name)


def test_every_switch_has_a_check_and_a_row_in_the_readme() -> None:
    """The table of switches is complete."""
    assert set(CHECKS) == switches.NAMES
    assert switches.markdown() in Path(switches.__file__).with_name("README.md").read_text(
        encoding="utf-8"
    )
