# SPDX-License-Identifier: GPL-3.0-or-later
"""The status machine of section 5, driven by the service's clock.

There is no timer: each access to the service calls `catch_up`, which executes all steps of all
operations that are due. Stages:

    queued -> preview -> shown -> [gate] -> final -> done           a generation ("gate" only with billing-final)
    queued -> final -> done                                          an optimization or conversion
    billing:<start|preview|final>                                    paused, until `resume`
"""

from __future__ import annotations

from collections.abc import Callable

from .asset_files import AssetFiles, copy_to
from .asset_generator import AssetGeneratorError
from .clock import Clock
from .credit_account import PREVIEW, CreditAccount
from .options import Options
from .problems import Problem
from .records import TERMINAL, Operation, Resource, new_id
from .store import Store

MESSAGES = {
    "moderation_blocked": "The prompt was blocked by moderation.",
    "transient_generation_failure": "A worker was lost. Trying again usually helps.",
    "generation_interrupted": "The generation was interrupted.",
    "invalid_generation_input": "The input cannot be used for a generation.",
    "quota_blocked": "The plan's quota is used up.",
    "generation_failed": "The generation failed.",
    "start_failed": "The generation could not be started.",
    "optimization_failed": "The model could not be optimized.",
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


class StatusMachine:
    """Changes the state of operations; the caller holds the service's lock."""

    def __init__(
        self,
        store: Store,
        credit_account: CreditAccount,
        asset_files: AssetFiles,
        clock: Clock,
        options: Callable[[], Options],
    ) -> None:
        self._store = store
        self._credit_account = credit_account
        self._asset_files = asset_files
        self._clock = clock
        self._options = options
        # the time of the current step, if the clock and not a client caused it
        self._moment: float | None = None
        self._waiting: set[str] = set()  # operations whose files are not ready in time
        self._steps = {
            "queued": self._leave_queue,
            "preview": self._show_preview,
            "shown": self._pass_preview,
            "gate": self._pass_gate,
            "final": self._finish,
        }

    # actions of clients

    def start(self, operation: Operation) -> None:
        """Accept a new operation: it is queued, or stopped because there are too few Credits."""
        if "billing-start" in operation.switches or not self._credit_account.reserve(operation):
            self._stop(operation, "start")
        else:
            self._enter(
                operation,
                "queued",
                "queued",
                "slow" if "slow-start" in operation.switches else "queued",
            )
            if operation.generates and _failure(operation, FAILS_BEFORE_PREVIEW) is None:
                self._asset_files.begin(operation)
        self._store.save(operation)

    def approve(self, operation: Operation) -> None:
        """Approve the Preview."""
        self._demand(operation, {"preview_ready"}, "approved")
        self._to_final(operation)

    def revise(self, operation: Operation, feedback: str) -> None:
        """Request another Preview."""
        self._demand(operation, {"preview_ready"}, "revised")
        operation.feedback.append(feedback)
        operation.price += PREVIEW
        if self._credit_account.reserve(operation):
            self._enter(operation, "preview", "running", "preview")
        else:
            self._stop(operation, "preview")
        self._asset_files.begin(operation)
        self._mirror(operation)

    def resume(self, operation: Operation) -> None:
        """Resume after a billing stop."""
        self._demand(operation, {"billing_required"}, "resumed")
        if operation.stage == "billing:start":
            raise Problem(
                "invalid-operation-state",
                "Nothing was started yet: repeat the start with the same idempotency key.",
            )
        self.try_to_settle(operation)

    def cancel(self, operation: Operation) -> None:
        """Cancel the operation where Mint allows it, which is only at the Preview."""
        if self._options().cancel == "preview" and operation.status != "preview_ready":
            raise Problem(
                "method-not-allowed",
                "Only what waits at its Preview can be canceled.",
                headers={"Allow": "GET"},
            )
        self._demand(
            operation, {"queued", "running", "preview_ready", "billing_required"}, "canceled"
        )
        self._end(operation, "canceled")

    def try_to_settle(self, operation: Operation) -> None:
        """Continue after a billing stop if there are enough Credits."""
        where = operation.stage.removeprefix("billing:")
        forced = (
            f"billing-{where}" in operation.switches and f"billing-{where}" not in operation.fired
        )
        unpaid = (
            "billing-unpaid" in operation.switches
            and self._credit_account.top_up <= operation.paid_before
        )
        if (forced and unpaid) or not self._credit_account.reserve(operation):
            return
        operation.fired.append(f"billing-{where}")
        operation.billing = None
        if where == "final":
            self._begin_final(operation)
        else:
            stage, status = ("queued", "queued") if where == "start" else ("preview", "running")
            self._enter(operation, stage, status, stage)
            self._mirror(operation)

    def catch_up(self) -> None:
        """Execute all steps that are due."""
        for operation in list(self._store.operations.values()):
            if operation.status in TERMINAL or operation.stage not in self._steps:
                continue
            while operation.stage in self._steps and self._clock.now() >= operation.due:
                before = operation.stage
                self._moment = None if operation.id in self._waiting else operation.due
                try:
                    self._steps[before](operation)
                except AssetGeneratorError as error:
                    self._fail(operation, "generation_failed", str(error))
                finally:
                    self._moment = None
                if operation.stage == before:
                    break
                self._waiting.discard(operation.id)

    def _now(self) -> float:
        """Return the time of the current step.

        For a step that was due earlier, this is the time at which it was due.
        """
        return self._clock.now() if self._moment is None else self._moment

    # the steps

    def _leave_queue(self, operation: Operation) -> None:
        if "start-fails" in operation.switches:
            return self._fail(operation, "start_failed")
        if not operation.generates:
            return self._enter(
                operation, "final", "running", "optimize" if operation.level else "convert"
            )
        if operation.resource is None:
            self._create_resource(operation)
        if "billing-preview" in operation.switches and "billing-preview" not in operation.fired:
            self._stop(operation, "preview")
        else:
            self._enter(operation, "preview", "running", "preview")
        self._mirror(operation)

    def _show_preview(self, operation: Operation) -> None:
        if (code := _failure(operation, FAILS_BEFORE_PREVIEW)) is not None:
            return self._fail(operation, code)
        if "canceled" in operation.switches:
            return self._end(operation, "canceled")
        if "stuck" in operation.switches:
            return
        members = self._asset_files.fill(operation, "preview")
        if members is None:
            self._waiting.add(operation.id)
            return
        operation.assets = None if "no-pictures" in operation.switches else members
        operation.seen = None
        self._credit_account.spend_preview(operation)
        self._enter(operation, "shown", "preview_ready", "shown")
        self._mirror(operation)

    def _pass_preview(self, operation: Operation) -> None:
        """Continue after the Preview in auto mode, but only after a client has read it."""
        if operation.mode == "auto" and operation.seen is not None:
            self._moment = max(operation.due, operation.seen)
            self._to_final(operation)

    def _to_final(self, operation: Operation) -> None:
        if "billing-final" in operation.switches and "billing-final" not in operation.fired:
            self._enter(operation, "gate", "running", "queued")
            self._mirror(operation)
        else:
            self._begin_final(operation)

    def _begin_final(self, operation: Operation) -> None:
        """Begin the final stage, from which on the whole price is spent."""
        self._credit_account.finalize(operation)
        self._enter(operation, "final", "running", "final")
        self._mirror(operation)

    def _pass_gate(self, operation: Operation) -> None:
        self._stop(operation, "final")
        self._mirror(operation)

    def _finish(self, operation: Operation) -> None:
        if operation.level and "optimize-fails" in operation.switches:
            return self._fail(operation, "optimization_failed")
        code = _failure(operation, FAILS_AT_END) or (
            _failure(operation, FAILS_FIRST_TIME) if operation.attempt == 1 else None
        )
        if code is not None and operation.generates:
            return self._fail(
                operation, code, "Error" if "generic-message" in operation.switches else None
            )
        stage = "final" if operation.generates else "optimize" if operation.level else "convert"
        members = self._asset_files.fill(operation, stage)
        if members is None:
            self._waiting.add(operation.id)
            return
        operation.assets = {**(operation.assets or {}), **members}
        if (
            operation.generates
            and "already-optimized" in operation.switches
            and operation.kind == "model"
        ):
            operation.assets |= self._asset_files.fill(operation, "optimize") or {}
        if "null-assets" in operation.switches and operation.generates:
            operation.assets = None
        self._end(
            operation,
            "partially_succeeded"
            if "partial" in operation.switches and operation.generates
            else "succeeded",
        )

    # helpers

    def _enter(self, operation: Operation, stage: str, status: str, lasts: str) -> None:
        operation.stage, operation.status = stage, status
        operation.updated = self._now()
        operation.due = operation.updated + self._options().durations[lasts]
        self._store.save(operation)

    def _demand(self, operation: Operation, statuses: set[str], verb: str) -> None:
        if operation.status not in statuses:
            raise Problem(
                "invalid-operation-state",
                f"An operation that is {operation.status} cannot be {verb}.",
            )

    def _stop(self, operation: Operation, where: str) -> None:
        available, rest = self._credit_account.available, operation.price - operation.finalized
        operation.stage, operation.status = f"billing:{where}", "billing_required"
        operation.updated = self._now()
        operation.paid_before = self._credit_account.top_up
        operation.billing = {
            "reason": "insufficient_credits",
            "requiredCredits": rest,
            "availableCredits": min(available, max(0.0, rest - 1)),
            "actionUrl": "https://platform.mint.gg/billing",
            "resource": operation.kind,
            "stage": "final" if where == "final" else "preview",
            "committedCredits": operation.reserved,
            "stageCredits": rest if where == "final" else min(rest, PREVIEW),
            "completionCredits": rest,
            "ctaKind": "top_up",
        }
        self._store.save(operation)

    def _fail(self, operation: Operation, code: str, message: str | None = None) -> None:
        operation.error = {"code": code, "message": message or MESSAGES[code]}
        self._end(operation, "failed")

    def _end(self, operation: Operation, status: str) -> None:
        operation.status, operation.stage = status, "done"
        operation.updated = self._now()
        operation.billing = None
        if status in ("succeeded", "partially_succeeded"):
            self._credit_account.finalize(operation)
        else:
            self._credit_account.release(operation)
        if status == "canceled":
            operation.canceled = operation.updated
        else:
            operation.completed = operation.updated
        self._mirror(operation)

    def _create_resource(self, operation: Operation) -> None:
        operation.resource = new_id()
        self._store.save(
            Resource(
                id=operation.resource,
                kind=operation.kind,
                name=operation.name,
                prompt=operation.prompt,
                created=self._now(),
                updated=self._now(),
                preset=operation.preset or "standard",
                mode=operation.mode,
                switches=operation.switches,
            )
        )

    def _mirror(self, operation: Operation) -> None:
        """Save the operation and copy its state to its resource."""
        self._store.save(operation)
        if operation.resource is None:
            return
        resource = self._store.resources[operation.resource]
        resource.updated = operation.updated
        if operation.generates:
            resource.status = operation.status
            resource.stage = (
                "final"
                if operation.status in ("succeeded", "partially_succeeded")
                else "preview"
                if operation.assets
                else None
            )
            resource.workflow = operation.stage
            resource.last_error = operation.error["message"] if operation.error else None
            resource.feedback = operation.feedback
            resource.attempts = operation.attempt
            if operation.stage == "done":
                resource.finished, resource.reads = operation.updated, 0
            copy_to(resource, operation)
        elif operation.status == "succeeded":
            resource.assets = operation.assets = {
                **(resource.assets or {}),
                **(operation.assets or {}),
            }
            self._store.save(operation)
        self._store.save(resource)


def _failure(operation: Operation, table: dict[str, str]) -> str | None:
    return next((code for name, code in table.items() if name in operation.switches), None)
