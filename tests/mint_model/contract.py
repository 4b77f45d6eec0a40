# SPDX-License-Identifier: GPL-3.0-or-later
"""Closed request schemas, read from the OpenAPI document."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from .problems import Problem

PATH = Path(__file__).with_name("mint-openapi.json")
LARGEST_KEPT = 4096
"""Bytes of a body whose errors are kept: a simulated world sends the same ones again and again."""


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Return the whole OpenAPI document."""
    loaded: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    schemas = loaded["components"]["schemas"]
    estimate = schemas["PricingEstimateRequest"]["properties"]["operation"]
    for words in (estimate, schemas["OperationType"]):  # a guess: these lists are open
        words["enum"].append("model_animation")
    return loaded


@lru_cache(maxsize=64)
def validator(schema: str) -> Draft202012Validator:
    """Return a validator for one of the named schemas."""
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{schema}", "components": document()["components"]}
    )


def check(schema: str, content: bytes) -> None:
    """Raise a 400 that lists the errors of a request body, which is JSON."""
    is_small = len(content) < LARGEST_KEPT
    errors = _errors(schema, content) if is_small else _errors.__wrapped__(schema, content)
    if not errors:
        return
    raise Problem(
        "invalid-request",
        f"{errors[0]['path'].lstrip('/') or 'body'}: {errors[0]['message']}",
        errors=errors,
    )


@lru_cache(maxsize=2048)
def _errors(schema: str, content: bytes) -> list[dict[str, str]]:
    found = sorted(
        validator(schema).iter_errors(json.loads(content)),
        key=lambda error: list(map(str, error.absolute_path)),
    )
    return [complaint for error in found for complaint in _complaints(error)]


def _complaints(error: ValidationError) -> list[dict[str, str]]:
    """Return each member that is unknown or missing, or the value that is not valid."""
    pointer = "".join(f"/{part}" for part in error.absolute_path)
    instance: Any = error.instance
    code, text, names = str(error.validator), "is not valid", [""]
    if code == "additionalProperties":
        unknown = set(instance) - set(error.schema.get("properties", {}))
        code, text = "unrecognized_keys", "is not a known field"
        names = [f"/{name}" for name in sorted(unknown)]
    elif code == "required":
        missing = [name for name in error.validator_value if name not in instance]
        text, names = "is required", [f"/{missing[0]}"]
    return [{"path": f"{pointer}{name}", "code": code, "message": text} for name in names]
