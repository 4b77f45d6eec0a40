# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the service: a frozen value from arguments and from the scenario file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

# Seconds of service time. Mint needs minutes; these are invented and short.
DURATIONS: Mapping[str, float] = {
    "queued": 1.0,
    "preview": 4.0,
    "shown": 2.0,
    "final": 6.0,
    "optimize": 3.0,
    "convert": 3.0,
    "animate": 8.0,
    "slow": 120.0,
    "settling": 4.0,
}


@dataclass(frozen=True)
class Options:
    """All options of the service; the scenario file has the same names."""

    speed: float = 1.0
    clock: str = "running"  # or "manual": moves only through advance()
    assets: str = "tiny"  # or "real": files that resemble Mint's
    credits: float = 5000.0
    limits: Mapping[str, int] = field(default_factory=lambda: {"model": 10, "world": 10})
    durations: Mapping[str, float] = field(default_factory=lambda: dict(DURATIONS))
    # too few Credits at start: a billing_required operation, or "402"
    insufficient: str = "operation"
    # :cancel works in preview_ready only and is 405 elsewhere, as at Mint; or "everywhere"
    cancel: str = "preview"
    links_expire: float = 3600.0  # seconds of Clock.age_now after which a link to a file is refused
    # {"models": 45, "worlds": 23}: created before the start
    library: Mapping[str, int] = field(default_factory=dict)
    switches: tuple[str, ...] = ()  # for every operation, as if their words were in each prompt
    rules: tuple[Mapping[str, Any], ...] = ()  # [{"prompt": regex, "switches": [...]}]
    answers: tuple[Mapping[str, Any], ...] = ()  # scripted responses, see faults.py
    revoked: bool = False
    retry_after: float = 1.0  # seconds, sent with 429 and 503

    def changed(self, values: Mapping[str, Any]) -> Options:
        """Return the options changed by a scenario; unknown names are an error."""
        known = {f.name for f in fields(self)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(
                f"unknown scenario member(s): {', '.join(unknown)}; known: {', '.join(sorted(known))}"
            )
        changes = dict(values)
        for name in ("limits", "durations"):
            if name in changes:
                changes[name] = {**getattr(self, name), **changes[name]}
        for name in ("switches", "rules", "answers"):
            if name in changes:
                changes[name] = tuple(changes[name])
        return replace(self, **changes)


def from_file(path: str | Path, base: Options | None = None) -> Options:
    """Return options from a scenario file (a JSON object)."""
    values = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(values, dict):
        raise ValueError(f"{path}: a scenario is a JSON object")
    return (base or Options()).changed(values)
