# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps with the add-on. Each click is a fact before it happens."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import bpy
from mathutils import Euler, Vector

from . import facts, files
from .addon import MODULE, enable, is_enabled, jobs, part, service
from .context import NotNow, call, object_mode, one_of, windows, within_view

MOST_ACTIVE = 8
MOST_PUSHES = 4
"""How often a job is resumed at the end; if it stops again, it has to say why."""
_pushes: Counter[str] = Counter()
IN_GREEN = "in green"
NOUNS = ("lamp", "chest", "mug", "stool", "tree", "rock")
WORDS = (
    *("",) * 8,
    "transient",
    "interrupted",
    "moderation",
    "fails",
    "billing-start",
    "billing-preview",
    "billing-final",
    "partial",
    "slow-answer",
    "lost-answer",
    "start-503",
    "start-502",
    "start-closed",
    "poll-502",
    "poll-closed",
    "settling",
    "incomplete",
    "lagging",
    "no-pictures",
    "already-optimized",
    "file-broken",
    "file-changed",
    "file-503",
    "file-404",
    "file-html",
    "bad-length",
    "spz-null",
    "pano-null",
)
"""Words in a prompt with which the stand-in service does something else; see its README."""


def generate(chance: Random) -> None:
    """Start a generation with the operator."""
    _check_room()
    prompt, kind = _prompt(chance), "WORLD" if chance.random() < 0.15 else "MODEL"
    mode = chance.choice(["AUTO", "REVIEW"])
    facts.write("start", prompt=prompt)
    done = call("mint.generate", prompt=prompt, kind=kind, preset="FAST", mode=mode)
    _note_made(done, prompt)


def use_form(chance: Random) -> None:
    """Fill the form and press Generate; the result may take the place of the active object."""
    _check_room()
    form: Any = bpy.context.window_manager.mint
    prompt = _prompt(chance)
    form.kind, form.preset, form.review = "MODEL", "FAST", chance.random() < 0.3
    form.place = chance.choice(["CURSOR", "SELECTED", "SELECTED", "SELECTED"])
    form.fit = chance.choice(["INSIDE", "HEIGHT", "STRETCH"])
    form.prompt = prompt
    _generate_from_form(prompt)


def generate_variation(chance: Random) -> None:
    """Generate a variation of what a job has made, or of what is selected."""
    _check_room()
    if chance.random() < 0.7:
        call("mint.use_prompt", job_id=one_of(chance, jobs()).id)
    else:
        call("mint.use_prompt")
    form: Any = bpy.context.window_manager.mint
    _generate_from_form(form.prompt)


def _generate_from_form(prompt: str) -> None:
    facts.write("start", prompt=prompt)
    _note_made(call("mint.generate_from_form"), prompt)


def _prompt(chance: Random) -> str:
    word = chance.choice(WORDS)
    number = chance.getrandbits(40)
    return f"a {chance.choice(NOUNS)} {number:x}" + (f" [{word}]" if word else "")


def _check_room() -> None:
    if sum(service().is_active(each.id) for each in jobs()) >= MOST_ACTIVE:
        raise NotNow("many jobs")


def _note_made(done: set[str], prompt: str) -> None:
    if "FINISHED" in done:
        made = next((each.id for each in jobs() if each.request.prompt == prompt), None)
        if made is None:
            facts.complain(f"Generate has finished, but there is no job: {prompt}")
        facts.write("made", job=made, prompt=prompt)


def approve(chance: Random) -> None:
    """Approve a Preview."""
    _click(chance, "approve", "review")


def revise(chance: Random) -> None:
    """Request another Preview."""
    _click(chance, "revise", "review", feedback=IN_GREEN)


def cancel(chance: Random) -> None:
    """Cancel a job that is not over."""
    _click(chance, "cancel", "waiting", "sending", "working", "review", "billing", "paused")


def review_card(chance: Random) -> None:
    """Open the card of a Preview that waits; `mouse.py` clicks on it."""
    if len(windows()) > 1:
        raise NotNow("the card may be below another window")
    job = one_of(chance, [each for each in jobs() if each.phase.value == "review"])
    call("mint.review", "INVOKE_DEFAULT", job_id=job.id)


def restore_view(chance: Random) -> None:
    """Bring back the view before a result was shown."""
    call("mint.restore_view")


def before_and_after(chance: Random) -> None:
    """Show a block-out, or the model that took its place."""
    _select_in_block_out(chance)
    call("mint.show_block_out", shown=chance.choice(["BEFORE", "AFTER"]))


def turn_in_block_out(chance: Random) -> None:
    """Turn a model in its block-out."""
    _select_in_block_out(chance)
    call("mint.turn_in_block_out")


def delete_block_out(chance: Random) -> None:
    """Delete a block-out."""
    _select_in_block_out(chance)
    call("mint.delete_block_out")


def _select_in_block_out(chance: Random) -> None:
    """Make a model that has a block-out, or the block-out, the active object."""
    object_mode()
    layer = windows()[0].view_layer
    roots = [each for each in layer.objects if each.get("mint_block_out") is not None]
    root = one_of(chance, roots)
    layer.objects.active = root if root.visible_get(view_layer=layer) else root["mint_block_out"]


def resume(chance: Random) -> None:
    """Resume a job that is paused, or that Credits were missing for."""
    _click(chance, "resume", "paused", "billing")


def retry(chance: Random) -> None:
    """Try again what has failed."""
    _click(chance, "retry", "failed")


def dismiss(chance: Random) -> None:
    """Remove a job from the list."""
    _click(chance, "dismiss", "placed", "canceled", "failed")


def place(chance: Random) -> None:
    """Place a result, perhaps once more; by a click or by a script."""
    job = one_of(chance, [each for each in jobs() if each.phase.value in ("ready", "placed")])
    facts.write("place", job=job.id)
    # a click on a result that replaces may open a dialog
    how = "EXEC_DEFAULT" if job.delivery.replaces or chance.random() < 0.5 else "INVOKE_DEFAULT"
    call("mint.place", how, job_id=job.id)


def click_chip(chance: Random) -> None:
    """Click a chip: show a result, restore the view, close the chip, or go on with a job.

    Without a mouse the box of a job is moved as the click does that ends Place with Mouse.
    """
    chips = part("ui.viewport.chips")
    with within_view():
        chosen = one_of(chance, _chips())
        job = next((each for each in jobs() if each.id == chosen.job_id), None)
        if chosen.name == chips.SHOW and job is not None and job.kind.value == "world":
            raise NotNow("software takes minutes to draw a panorama in Material Preview")
        if chosen.name == chips.APPROVE:
            facts.write("approve", job=chosen.job_id)  # a click just before may count as one here
        if chosen.name != chips.JOB or job is None or job.phase.value in ("review", "billing"):
            chips.click(bpy.context, chosen)
            return
        if job.phase.value == "ready":
            facts.write("place", job=job.id)
        where = Vector([chance.uniform(-5, 5) for _ in range(3)])
        place_with_mouse = part("ui.viewport.show_result")
        place_with_mouse._import_at(bpy.context, job.id, where, Euler((0, 0, chance.uniform(0, 6))))


def click_chip_right(chance: Random) -> None:
    """Open the menu of the job of a chip."""
    with within_view():
        chosen = one_of(chance, [each for each in _chips() if each.job_id])
        part("ui.viewport.chips")._call(bpy.context, "job_menu", chosen.job_id)


def _chips() -> list[Any]:
    """Return what can be clicked in the chips of the viewport."""
    chips = part("ui.viewport.chips")
    if bpy.context.area is None:
        raise NotNow("no viewport")
    rows = chips._rows(bpy.context)
    stack = chips._stack(bpy.context, rows)
    left_out = {chips.WALK, chips.RENDER}  # which last until a person ends them, or for minutes
    results = [
        chips.Part(name, row.chip.job_id)
        for row in rows
        for name in [chips.CLOSE, *(each for each, _, _ in row.buttons)]
        if name not in left_out
    ]
    found = [
        chips.Part(name, target.job_id)
        for target, _, button in stack.chips
        for name in (chips.JOB, chips.APPROVE)
        if name == chips.JOB or button is not None
    ]
    return [*results, *found]


def _click(chance: Random, verb: str, *phases: str, **arguments: str) -> None:
    job = one_of(chance, [each for each in jobs() if each.phase.value in phases])
    facts.write(verb, job=job.id, **arguments)
    call(f"mint.{verb}", job_id=job.id, **arguments)


def dismiss_finished(chance: Random) -> None:
    """Empty a long list."""
    if len(jobs()) < 25:
        raise NotNow("few jobs")
    call("mint.dismiss_finished")


def replace_model(chance: Random) -> None:
    """Replace a model in the scene by its newest version."""
    call("mint.replace_model", asset_id=_asset_id(chance))


def import_asset(chance: Random) -> None:
    """Import a model once more."""
    call("mint.import_asset", kind="MODEL", asset_id=_asset_id(chance))


def optimize(chance: Random) -> None:
    """Have Mint optimize a model; a Blender without a decoder refuses that."""
    asset = _asset_id(chance)
    facts.write("optimize", asset=asset)
    call("mint.optimize", asset_id=asset)


def animate(chance: Random) -> None:
    """Have Mint animate a model; what was ordered before is not paid again."""
    asset, motions = _asset_id(chance), chance.sample(["walk", "run", "jump"], chance.randint(1, 2))
    facts.write("animate", asset=asset, motions=motions)
    for job in jobs():  # what was made before is placed again, if it is not there
        if job.motion and job.motion.words in motions and job.source_asset_id == asset:
            facts.write("place", job=job.id)
    call("mint.animate", asset_id=asset, motions="|".join(motions))


def _asset_id(chance: Random) -> str:
    _check_room()
    known = [each for each in jobs() if each.asset is not None and each.kind.value == "model"]
    found: str = one_of(chance, known).asset.id
    return found


def continue_queue(chance: Random) -> None:
    """Send what an earlier session has not sent."""
    call("mint.continue_queue")


def refresh_library(chance: Random) -> None:
    """Read the library."""
    call("mint.refresh_library")


def toggle_online(chance: Random) -> None:
    """Allow online access, or forbid it for a while."""
    bpy.context.preferences.system.use_online_access = chance.random() < 0.7


def toggle_addon(chance: Random) -> None:
    """Disable the add-on, and perhaps enable it at once."""
    with within_view():
        bpy.ops.preferences.addon_disable(module=MODULE)
    if left := facts.left_of_addon():
        facts.complain(f"the disabled add-on has left something behind: {left}")
    if chance.random() < 0.5:
        enable()


def toggle_background_import(chance: Random) -> None:
    """Import in a second Blender, or in this one."""
    if is_enabled():
        preferences: Any = bpy.context.preferences.addons[MODULE].preferences
        preferences.import_in_background = chance.random() < 0.7


def settle() -> list[list[str]]:
    """Do what a person would do at the end; return the jobs that are not over, and why."""
    enable()
    _stop_playback()
    files.close_other_windows()
    files.show_view()  # where the driver rests the pointer
    bpy.context.preferences.system.use_online_access = True
    part("ui.session").service().unfinished.continue_queue()
    part("ui.heartbeat").ensure()
    open_jobs = [each for each in jobs() if not _is_over(each)]
    for job in open_jobs:
        if not service().is_active(job.id):
            _pushes[job.id] += 1
            _push(job)
    return [
        [each.id, each.phase.value, str(each.problem and each.problem.message)]
        for each in open_jobs
    ]


def _stop_playback() -> None:
    """Stop a playback, which draws the 3D View, and so asks every gizmo group, all the time."""
    for window in windows():
        if window.screen.is_animation_playing:
            with bpy.context.temp_override(window=window):
                bpy.ops.screen.animation_cancel(restore_frame=False)


def _is_over(job: Any) -> bool:
    """Return whether a job has ended, or says why not, whatever a person does."""
    if job.phase.value in ("canceled", "failed", "placed"):
        return job.decision is None
    says_why = job.problem is not None and not service().is_active(job.id)
    return says_why and _pushes[job.id] >= MOST_PUSHES


def _push(job: Any) -> None:
    verbs = {"review": "approve", "billing": "resume", "ready": "place", "paused": "resume"}
    verb = verbs.get(job.phase.value, "resume")
    facts.write(verb, job=job.id)
    try:
        call(f"mint.{verb}", job_id=job.id)
    except RuntimeError as refusal:
        facts.write("refused", job=job.id, verb=verb, sentence=str(refusal))
