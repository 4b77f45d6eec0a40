# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests with schemathesis that any response of the service follows the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from tests.mint_service.runner import ThreadService, running_service

from .contract_client import SCHEMA

pytestmark = pytest.mark.thorough
pytest_plugins = ["schemathesis.pytest.plugin"]
"""Only here: it takes 1.7 seconds of each start of pytest."""

CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def crowded() -> Iterator[ThreadService]:
    """A service with high limits, so that responses do not depend on them."""
    with running_service(
        speed=1000, credits=1e9, limits={"model": 10**6, "world": 10**6}, library={"models": 30}
    ) as service:
        yield service


OF_THE_CONNECTION = {"connection", "content-length", "expect", "transfer-encoding", "upgrade"}
"""Headers that the HTTP library answers itself, before the service sees a request."""


@SCHEMA.parametrize()
@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_responses_follow_the_openapi_document(case: Any, crowded: ThreadService) -> None:
    """Each response is documented, invalid bodies are rejected, and nothing is a 5xx."""
    if "modelId" in case.path_parameters and case.path_parameters["modelId"].isalnum():
        # some calls should use an existing model
        case.path_parameters["modelId"] = next(iter(crowded.mint.operations.resources))
    for name in [each for each in case.headers or () if each.lower() in OF_THE_CONNECTION]:
        del case.headers[name]
    response = case.call(
        base_url=crowded.api.removesuffix("/v1"),
        headers={"Authorization": f"Bearer {crowded.key}"},
        timeout=120,  # schemathesis itself waits 10 seconds: too few on a busy machine
    )
    case.validate_response(
        response,
        checks=CHECKS
        if case.method == "GET"
        else [*CHECKS, openapi_checks.negative_data_rejection],
    )
