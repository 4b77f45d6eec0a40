# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts and actions: all calls that create or change an operation (sections 3 and 5.2)."""

from __future__ import annotations

from typing import Any

from .. import convert, credit_account, switches
from ..faults import Fault, from_word
from ..problems import Problem, invalid
from ..records import Operation, Resource, new_id
from . import Answer, Call, views


def accepted(call: Call, operation: Operation) -> Answer:
    """Return a 202 with the operation's current state."""
    base = call.mint.api_url if call.mint.options.location == "absolute" else "/v1"
    return Answer(
        202,
        views.operation(call.mint, operation),
        {"Location": f"{base}/operations/{operation.id}"},
        operation.id,
    )


def generate_model(call: Call) -> Answer:
    """Respond to POST /v1/models:generate."""
    return _generate(call, "model")


def generate_world(call: Call) -> Answer:
    """Respond to POST /v1/worlds:generate."""
    return _generate(call, "world")


def _generate(call: Call, kind: str) -> Answer:
    body: dict[str, Any] = call.body
    options = call.mint.options
    for name in ("imageUrl", "sourceUrl"):
        _demand_public(call, f"/{name}", body.get(name))
    for index, url in enumerate(body.get("sourceImages", [])):
        _demand_public(call, f"/sourceImages/{index}", url)
    selected = switches.selected(body["prompt"], options.switches, options.rules)
    refuse_start(call, selected)
    preset = body.get("generationPreset", "standard")
    operation = new(
        call,
        f"{kind}_generation",
        kind,
        body["prompt"],
        selected,
        preset=preset,
        mode=body.get("generationMode", "auto"),
    )
    operation.name = body.get("name") or body.get("displayName")
    return _launch(call, operation)


def _demand_public(call: Call, path: str, url: str | None) -> None:
    """Reject addresses that are neither https nor returned by `reference-images`."""
    if url is None or url.startswith(("https://", call.mint.files_url + "/")):
        return
    raise invalid(path, "must be a public https address", "invalid_url")


def refuse_start(call: Call, selected: list[str]) -> None:
    """Raise the error of a switch for starts.

    A switch that acts once does so for each idempotency key.
    """
    if "no-credits" in selected:
        raise Problem("insufficient-credits")
    if "forbidden" in selected:
        raise Problem("forbidden", "This key has no access to the API beta.")
    if "alpha-names" in selected and "name" in call.body:
        raise invalid("/name", "is not a known field", "unrecognized_keys")
    for name in selected:
        word = name.removeprefix("start-")
        if (
            name.startswith("start-")
            and name not in ("start-fails",)
            and call.mint.once(f"{name} {call.key}")
        ):
            fault = from_word(word, call.mint.options.retry_after)
            fault.note = name
            raise fault


def new(
    call: Call,
    operation_type: str,
    kind: str,
    prompt: str,
    selected: list[str],
    preset: str | None = None,
    mode: str = "auto",
) -> Operation:
    """Return a new operation that is not started yet."""
    now = call.mint.clock.now()
    return Operation(
        id=new_id(),
        type=operation_type,
        mode=mode,
        prompt=prompt,
        created=now,
        updated=now,
        due=now,
        preset=preset,
        kind=kind,
        switches=selected,
        price=credit_account.price(operation_type, preset),
    )


def _launch(call: Call, operation: Operation) -> Answer:
    """Check the limits and start the operation."""
    mint = call.mint
    if operation.generates and mint.active(operation.kind) >= mint.options.limits[operation.kind]:
        limit = mint.options.limits[operation.kind]
        raise Problem(
            "concurrency-limit-reached",
            f"{limit} {operation.kind} generations are active already.",
            headers={"Retry-After": f"{mint.options.retry_after:g}"},
        )
    if mint.options.insufficient == "402" and mint.credit_account.available < operation.price:
        raise Problem(
            "insufficient-credits",
            f"{operation.price:g} Credits are needed, {mint.credit_account.available:g} are available.",
        )
    mint.status_machine.start(operation)
    if "revoked" in operation.switches:
        mint.revoke(True)
    answer = accepted(call, operation)
    if "slow-answer" in operation.switches:
        answer.delay = 2.0
    return answer


def after_start(call: Call, answer: Answer) -> None:
    """Apply the switches that act once the operation and its key are stored.

    The response may be lost.
    """
    operation = call.mint.store.operations.get(answer.operation or "")
    if operation and "lost-answer" in operation.switches and "lost-answer" not in operation.fired:
        operation.fired.append("lost-answer")
        call.mint.store.save(operation)
        raise Fault(close=True, note="lost-answer")


# actions on operations


def find(call: Call) -> Operation:
    """Return the operation of the path, or raise a 404."""
    operation = call.mint.store.operations.get(call.ids["operationId"])
    if operation is None:
        raise Problem("not-found", "There is no such operation.")
    return operation


def read(call: Call) -> Answer:
    """Respond to GET /v1/operations/{operationId}."""
    operation = find(call)
    operation.polls += 1
    if operation.polls >= 2:
        _refuse_poll(call, operation)
    answer = Answer(200, views.operation(call.mint, operation), operation=operation.id)
    if operation.lag is not None:
        answer.body, operation.lag = operation.lag, None
    if "poll-hint" in operation.switches and operation.status in ("queued", "running"):
        answer.headers["Retry-After"] = f"{call.mint.options.retry_after:g}"
    note_seen(call, operation)
    call.mint.store.save(operation)
    return answer


def note_seen(call: Call, operation: Operation) -> None:
    """Note when a client has read of a Preview: in auto mode the final stage may begin then."""
    if operation.status == "preview_ready" and operation.seen is None:
        operation.seen = call.mint.clock.now()


def _refuse_poll(call: Call, operation: Operation) -> None:
    if "poll-404" in operation.switches:
        raise Problem("not-found", "There is no such operation.")
    for name in operation.switches:
        if name.startswith("poll-") and name not in operation.fired and name != "poll-hint":
            operation.fired.append(name)
            call.mint.store.save(operation)
            fault = from_word(name.removeprefix("poll-"), call.mint.options.retry_after)
            fault.note = name
            raise fault


def approve(call: Call) -> Answer:
    """Respond to POST /v1/operations/{operationId}:approve."""
    operation = find(call)
    before = views.operation(call.mint, operation)
    call.mint.status_machine.approve(operation)
    return _perhaps_lagging(call, operation, before)


def revise(call: Call) -> Answer:
    """Respond to POST /v1/operations/{operationId}:revise."""
    operation = find(call)
    before = views.operation(call.mint, operation)
    call.mint.status_machine.revise(operation, call.body["feedback"])
    return _perhaps_lagging(call, operation, before)


def _perhaps_lagging(call: Call, operation: Operation, before: dict[str, Any]) -> Answer:
    """Return the response to an action.

    With the switch `lagging`, it and the next read have the state before the action.
    """
    answer = accepted(call, operation)
    if "lagging" in operation.switches:
        answer.body = operation.lag = before
        call.mint.store.save(operation)
    return answer


def resume(call: Call) -> Answer:
    """Respond to POST /v1/operations/{operationId}:resume."""
    operation = find(call)
    call.mint.status_machine.resume(operation)
    return accepted(call, operation)


def cancel(call: Call) -> Answer:
    """Respond to POST /v1/operations/{operationId}:cancel."""
    operation = find(call)
    call.mint.status_machine.cancel(operation)
    return Answer(200, views.operation(call.mint, operation), operation=operation.id)


# actions on models and worlds


def retry(call: Call) -> Answer:
    """Respond to POST /v1/models/{modelId}:retry and the same for Worlds."""
    resource = resource_of(call)
    if resource.status not in ("failed", "canceled"):
        raise Problem(
            "invalid-operation-state",
            f"A {resource.kind} that is {resource.status} needs no new attempt.",
        )
    operation = new(
        call,
        f"{resource.kind}_generation",
        resource.kind,
        resource.prompt,
        list(resource.switches),
        preset=resource.preset,
        mode=resource.mode,
    )
    operation.resource, operation.name, operation.attempt = (
        resource.id,
        resource.name,
        resource.attempts + 1,
    )
    answer = _launch(call, operation)
    resource.attempts, resource.status, resource.last_error = (
        operation.attempt,
        operation.status,
        None,
    )
    call.mint.store.save(resource)
    return answer


def optimize(call: Call) -> Answer:
    """Respond to POST /v1/models/{modelId}:optimize."""
    model = _finished_model(call)
    if (model.assets or {}).get("optimizedGlbUrl"):
        raise Problem("model-already-optimized")
    running = [
        o
        for o in call.mint.store.operations.values()
        if o.resource == model.id and o.type == "model_optimization"
    ]
    if any(o.status in ("queued", "running") for o in running):
        raise Problem("model-optimization-in-progress")
    operation = new(call, "model_optimization", "model", model.prompt, list(model.switches))
    operation.level = (call.body or {}).get("optimizationLevel", "moderate")
    return _work_on(call, operation, model)


def convert_model(call: Call) -> Answer:
    """Respond to POST /v1/models/{modelId}:convert."""
    model = _finished_model(call)
    formats = [name.lower() for name in call.body["targetFormats"]]
    for index, name in enumerate(formats):
        if name not in convert.TYPES:
            raise invalid(
                f"/targetFormats/{index}", f"must be one of {', '.join(convert.TYPES)}", "enum"
            )
    operation = new(call, "model_conversion", "model", model.prompt, list(model.switches))
    operation.formats = list(dict.fromkeys(formats))
    return _work_on(call, operation, model)


def _work_on(call: Call, operation: Operation, model: Resource) -> Answer:
    operation.switches = [
        name for name in operation.switches if name in ("optimize-fails", *_file_switches())
    ]
    operation.resource, operation.name, operation.feedback = (
        model.id,
        model.name,
        list(model.feedback),
    )
    return _launch(call, operation)


def _file_switches() -> list[str]:
    return [s.name for s in switches.TABLE if s.acts == "file"]


def _finished_model(call: Call) -> Resource:
    model = resource_of(call)
    if model.status not in ("succeeded", "partially_succeeded"):
        raise Problem(
            "invalid-operation-state", f"The model is {model.status}: there is nothing to work on."
        )
    return model


def resource_of(call: Call) -> Resource:
    """Return the model or World of the path, or raise a 404."""
    kind, found = next(
        (name.removesuffix("Id"), value)
        for name, value in call.ids.items()
        if name in ("modelId", "worldId")
    )
    resource = call.mint.store.resources.get(found)
    if resource is None or resource.kind != kind:
        raise Problem("not-found", f"There is no such {kind}.")
    return resource
