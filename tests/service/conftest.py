# SPDX-License-Identifier: GPL-3.0-or-later
"""A service with a manual clock, and a client that checks every response."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mint_service.runner import ThreadService, running_service

from .contract_client import ContractClient


@pytest.fixture
def service() -> Iterator[ThreadService]:
    with running_service(clock="manual", credits=100_000) as running:
        yield running


@pytest.fixture
def client(service: ThreadService) -> ContractClient:
    return ContractClient(service)
