# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of all switches, which change the behavior of the service.

A switch is selected by its word in a prompt, `a chair [moderation]`, by the scenario's `switches`
(for each operation) or by `rules` (for prompts that match). The README and the tests use this
table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Switch:
    """A change to the behavior of the service."""

    name: str
    # where it acts: "work" the operation, "assets" what it makes, "start" / "poll" their responses,
    # "read" reads of resources, "file" downloads, "motion" a motion, whose words have it
    acts: str
    does: str


def _answers() -> Iterable[Switch]:
    texts = {
        "429": "429 rate-limited with Retry-After in seconds",
        "429-date": "429 rate-limited with Retry-After as an HTTP date",
        "500": "500 problem document",
        "502": "502 with an HTML page",
        "503": "503 service-unavailable with Retry-After",
        "504": "504 with an empty body",
        "html": "500 with an HTML page",
        "empty": "500 with an empty body",
        "closed": "the connection is closed before anything is answered",
    }
    for word, text in texts.items():
        yield Switch(
            f"start-{word}",
            "start",
            f"first start request of that key: {text}; nothing is created, the next try works",
        )
    for word, text in texts.items():
        yield Switch(
            f"poll-{word}", "poll", f"second read of the operation: {text}; the next read works"
        )


TABLE: tuple[Switch, ...] = (
    Switch(
        "moderation", "work", "fails with moderation_blocked before the preview, on each attempt"
    ),
    Switch(
        "transient",
        "work",
        "fails with transient_generation_failure in the final stage; a :retry succeeds",
    ),
    Switch("interrupted", "work", "fails with generation_interrupted; a :retry succeeds"),
    Switch(
        "invalid-input",
        "work",
        "fails with invalid_generation_input before the preview, on each attempt",
    ),
    Switch("quota", "work", "fails with quota_blocked before the preview, on each attempt"),
    Switch("fails", "work", "fails with generation_failed in the final stage, on each attempt"),
    Switch(
        "start-fails",
        "work",
        "fails with start_failed out of queued; resource stays null; :retry is impossible",
    ),
    Switch("unknown-error", "work", "fails with the unknown code gremlins_in_the_machine"),
    Switch(
        "generic-message", "work", "fails with generation_failed and an empty phrase as message"
    ),
    Switch(
        "optimize-fails", "work", "an optimization of this model fails with optimization_failed"
    ),
    Switch(
        "billing-start",
        "work",
        "stops in billing_required at once with resource null; the same start again (same key) goes on",
    ),
    Switch(
        "billing-preview",
        "work",
        "stops in billing_required before the preview, with resource; the first :resume goes on",
    ),
    Switch(
        "billing-final",
        "work",
        "stops in billing_required before the final stage, with resource; the first :resume goes on",
    ),
    Switch(
        "billing-unpaid",
        "work",
        "with one of the three above: stays in billing_required until Credits are added",
    ),
    Switch(
        "partial",
        "work",
        "ends partially_succeeded: model without thumbnail, world without panorama, splats and radiance file,"
        " motion with a clip whose file is 404",
    ),
    Switch("unknown-status", "work", "while running it says enchanting, a word nobody knows"),
    Switch("unknown-type", "work", "type is model_teleportation / world_teleportation"),
    Switch(
        "null-status",
        "work",
        "when it is done its status is null, in the operation and in the resource; the files are there",
    ),
    Switch("no-mode", "work", "generationMode is missing"),
    Switch("type-casing", "work", "resource.type is Model / World instead of model / world"),
    Switch("type-word", "work", "resource.type is a word nobody knows, thing"),
    Switch(
        "lagging",
        "work",
        "the answers to approve and revise, and the first read after them, still show the Preview as it was",
    ),
    Switch(
        "reasons",
        "work",
        "with moderation or fails: the error also has failureReason, moderationCategories, retryGuidance and more",
    ),
    Switch("slow-start", "work", "stays queued for durations.slow (120 s of service time)"),
    Switch("stuck", "work", "runs for ever"),
    Switch("canceled", "work", "is canceled in Mint's web app while running"),
    Switch(
        "lost-answer",
        "start",
        "the operation is created, then the connection is closed without an answer; the same key finds it",
    ),
    Switch("slow-answer", "start", "the answer to the start takes two real seconds"),
    Switch("no-credits", "start", "402 insufficient-credits"),
    Switch("forbidden", "start", "403 forbidden"),
    Switch(
        "revoked",
        "start",
        "the start is accepted; from then on every call is 401 until the scenario says revoked: false",
    ),
    Switch(
        "alpha-names",
        "start",
        "name is refused with 400 as an unknown field; displayName is accepted",
    ),
    *_answers(),
    Switch("poll-hint", "poll", "reads while running carry Retry-After on a 200"),
    Switch("poll-404", "poll", "from the second read on the operation is not found"),
    Switch("settling", "read", "the finished resource answers 503 to its first two reads"),
    Switch(
        "incomplete",
        "read",
        "the first two reads of the finished resource show running and assets null",
    ),
    Switch("not-humanoid", "motion", "400: humanoidRiggable of the model is null"),
    Switch("motion-fails", "motion", "fails with animation_failed when all is paid"),
    Switch("rig-stuck", "motion", "the rig never ends"),
    Switch("one-clip", "motion", "is a model_animation_clip; as a batch 400 that names targetType"),
    Switch("one-clip-404", "motion", "is a model_animation_clip; as a batch 404"),
    Switch("motion-settling", "motion", "the list of its files is 503 twice"),
    Switch("downloads-off", "motion", "the first address of a file is 403 downloads-disabled"),
    Switch("several-clips", "motion", "makes three clips at once"),
    Switch("missing-bones", "motion", "the rig lacks two bones"),
    Switch("foreign-bones", "motion", "the bones have other names"),
    Switch("travel", "motion", "the clip goes 1.5 m ahead"),
    Switch("clip-without-mesh", "motion", "the file of a clip has no mesh, so no skin either"),
    Switch("no-motion-price", "motion", "in the prompt of a model: the price of a motion is 404"),
    Switch("null-assets", "assets", "succeeds with assets null"),
    Switch(
        "draco-original",
        "assets",
        "glbUrl itself requires Draco and WebP, though nothing was optimized",
    ),
    Switch("already-optimized", "assets", "optimizedGlbUrl is there from the start"),
    Switch("bounds", "assets", "bounds are filled"),
    Switch(
        "no-pictures", "assets", "previewImageUrl and thumbnailUrl stay null, also in preview_ready"
    ),
    Switch("collider-up", "assets", "the collider is Y up: somebody has corrected it already"),
    Switch("spz-null", "assets", "spzUrls null"),
    Switch("spz-tier-null", "assets", "spzUrls has a tier whose value is null"),
    Switch("rad-null", "assets", "radUrl null while the rest is final"),
    Switch("pano-null", "assets", "panoUrl null"),
    Switch("collider-null", "assets", "colliderMeshUrl null"),
    Switch("external-buffer", "assets", "the GLB names a buffer outside itself"),
    Switch("bad-length", "assets", "the GLB's header claims more bytes than there are"),
    Switch(
        "meshopt",
        "assets",
        "the GLB requires EXT_meshopt_compression, which nobody here can decode",
    ),
    Switch(
        "api-redirect", "file", "glbUrl lies on the API's origin and redirects to the file host"
    ),
    Switch(
        "file-truncated", "file", "every download of a GLB ends half way, whatever is asked for"
    ),
    Switch(
        "file-broken",
        "file",
        "the first download of a GLB breaks half way; a Range request gets the rest",
    ),
    Switch(
        "file-changed",
        "file",
        "as file-broken, but another ETag afterwards: If-Range gets the whole new file",
    ),
    Switch(
        "file-no-ranges",
        "file",
        "as file-broken, but Range is ignored: always 200 and the whole file",
    ),
    Switch("file-html", "file", "200 with an HTML page instead of the GLB"),
    Switch("file-403", "file", "the GLB answers 403"),
    Switch("file-404", "file", "the GLB answers 404"),
    Switch("file-410", "file", "the GLB answers 410"),
    Switch("file-503", "file", "the first download of a GLB answers 503 with Retry-After"),
    Switch("file-slow", "file", "the GLB comes in small pieces over three real seconds"),
)

NAMES = frozenset(s.name for s in TABLE)
_WORD = re.compile(r"\[([a-z0-9-]+)\]")


def selected(
    prompt: str, always: Iterable[str] = (), rules: Iterable[Mapping[str, Any]] = ()
) -> list[str]:
    """Return the switches for a prompt; unknown words in brackets are part of the prompt."""
    names = [*always, *(word for word in _WORD.findall(prompt) if word in NAMES)]
    for rule in rules:
        if re.search(rule["prompt"], prompt):
            names.extend(rule["switches"])
    check(names)
    return list(dict.fromkeys(names))


def check(names: Iterable[str]) -> None:
    """Raise on a name that is not in the table: a test must not pass because of a misspelling."""
    unknown = sorted(set(names) - NAMES)
    if unknown:
        raise ValueError(f"unknown switch(es): {', '.join(unknown)}")


def markdown() -> str:
    """Return the table as it is in the README."""
    rows = [f"| `{switch.name}` | {switch.acts} | {switch.does} |" for switch in TABLE]
    return "\n".join(["| word | acts on | what happens |", "| --- | --- | --- |", *rows])


def without(prompt: str) -> str:
    """Return the prompt without its switch words, for names and files."""
    return (
        " ".join(_WORD.sub(lambda m: "" if m[1] in NAMES else m[0], prompt).split()) or "untitled"
    )
