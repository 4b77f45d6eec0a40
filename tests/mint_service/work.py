# SPDX-License-Identifier: GPL-3.0-or-later
"""How operations go on in the service: as its options and the switches of a prompt say."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from typing import Any

from ..mint_model.operations import Operations
from ..mint_model.records import Operation
from . import switches
from .asset_files import FILE_SWITCHES, AssetFiles
from .options import Options

MESSAGES = {
    "moderation_blocked": "The prompt was blocked by moderation.",
    "transient_generation_failure": "A worker was lost. Trying again usually helps.",
    "generation_interrupted": "The generation was interrupted.",
    "invalid_generation_input": "The input cannot be used for a generation.",
    "quota_blocked": "The plan's quota is used up.",
    "generation_failed": "The generation failed.",
    "start_failed": "The generation could not be started.",
    "optimization_failed": "The model could not be optimized.",
    "animation_failed": "The model could not be rigged.",
    "gremlins_in_the_machine": "Gremlins were seen in the machine.",
}
FAILS_BEFORE_PREVIEW = {
    "moderation": "moderation_blocked",
    "invalid-input": "invalid_generation_input",
    "quota": "quota_blocked",
}
FAILS_AT_END = {
    "fails": "generation_failed",
    "unknown-error": "gremlins_in_the_machine",
    "generic-message": "generation_failed",
}
FAILS_FIRST_TIME = {
    "transient": "transient_generation_failure",
    "interrupted": "generation_interrupted",
}


def new_id() -> str:
    """Return 32 lower-case letters and digits without a prefix, as in the live service."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(32))


class Work(Operations):
    """The operations of the service; the caller holds its lock."""

    def __init__(self, asset_files: AssetFiles, options: Callable[[], Options]) -> None:
        super().__init__(new_id)
        self._asset_files = asset_files
        self._options = options
        self._bought_before: dict[str, float] = {}

    def plan(self, operation: Operation, before: Operation | None) -> None:
        options = self._options()
        if before is None:
            chosen = switches.selected(operation.prompt, options.switches, options.rules)
        elif operation.is_generation:
            chosen = list(before.switches)
        elif operation.motion is not None:
            chosen = switches.selected(operation.motion, options.switches, options.rules)
        else:
            chosen = [
                name for name in before.switches if name in {"optimize-fails", *FILE_SWITCHES}
            ]
        operation.switches = tuple(chosen)

    def lasts(self, operation: Operation, stage: str) -> float:
        if stage == "queued" and "slow-start" in operation.switches:
            stage = "slow"
        return self._options().durations["preview" if stage == "revised" else stage]

    def running(self, operation: Operation) -> str:
        return "enchanting" if "unknown-status" in operation.switches else "running"

    def failure(self, operation: Operation) -> tuple[str, str] | None:
        code = self._code(operation)
        if code is None:
            return None
        return code, "Error" if "generic-message" in operation.switches else MESSAGES[code]

    def _code(self, operation: Operation) -> str | None:
        chosen = operation.switches
        if operation.status == "queued":
            return "start_failed" if "start-fails" in chosen else None
        if operation.motion is not None:
            return "animation_failed" if "motion-fails" in chosen else None
        if not operation.is_generation:
            return "optimization_failed" if operation.level and "optimize-fails" in chosen else None
        table = FAILS_BEFORE_PREVIEW if operation.stage == "preview" else FAILS_AT_END
        if operation.stage == "final" and operation.attempt == 1:
            table = FAILS_FIRST_TIME | table
        return next((code for name, code in table.items() if name in chosen), None)

    def move(self, operation: Operation, now: float) -> None:
        is_preview = operation.stage == "preview" and operation.status in {"running", "enchanting"}
        if is_preview and "canceled" in operation.switches:
            self.cancel(operation, now)
        elif not (is_preview and "stuck" in operation.switches):
            super().move(operation, now)

    def fail(self, operation: Operation, now: float, code: str, message: str) -> None:
        if operation.motion is not None:  # the rig is paid, whatever becomes of it
            self._finalize(operation)
        super().fail(operation, now, code, message)

    def animation_type(self, operation: Operation) -> str:
        is_clip = {"one-clip", "one-clip-404"} & set(operation.switches)
        return "model_animation_clip" if is_clip else "model_animation_batch"

    def fill(self, operation: Operation, stage: str, now: float) -> dict[str, Any]:
        chosen = operation.switches
        if stage == "animate":
            return self._asset_files.motion(operation)
        members = self._asset_files.fill(operation, stage)
        if stage == "preview" and "no-pictures" in chosen:
            return {}
        if stage == "final" and "already-optimized" in chosen and operation.kind == "model":
            members |= self._asset_files.fill(operation, "optimize")
        return {} if stage == "final" and "null-assets" in chosen else members

    def outcome(self, operation: Operation) -> str:
        can_be_partial = operation.is_generation or operation.motion is not None
        is_partial = "partial" in operation.switches and can_be_partial
        return "partially_succeeded" if is_partial else "succeeded"

    def stops(self, operation: Operation, stage: str) -> bool:
        switch = f"billing-{stage}"
        is_stopped = switch in operation.switches and switch not in operation.fired
        if is_stopped:
            self._bought_before[operation.id] = operation.project.bought
        return is_stopped

    def resume(self, operation: Operation, now: float, key: str) -> None:
        """Go on after a stop; one that a switch has made ends here, or when Credits were added."""
        is_unpaid = operation.project.bought <= self._bought_before.get(operation.id, -1.0)
        if not (is_unpaid and "billing-unpaid" in operation.switches):
            stage = "start" if operation.resource is None else operation.stage
            operation.fired.add(f"billing-{stage}")
            super().resume(operation, now, key)
