# SPDX-License-Identifier: GPL-3.0-or-later
"""Animate a model from the shell and from Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import mint_blender
from mint_blender.cli.batch.runner import BatchRun
from mint_blender.jobs.job import Job
from mint_blender.jobs.service import NotPossible

from ..mint_service.runner import ThreadService
from .batch_helpers import animations
from .command_runner import RunMint
from .conftest import Home

ORDERS = ("POST", "/v1/models/*:animate")
KNIGHT = ("generate", "--prompt", "a knight", "--preset", "fast", "--pose", "t_pose")


@pytest.fixture
def knight(mint: RunMint) -> str:
    """Generate a knight, and return the id of its job."""
    assert mint(*KNIGHT).status == 0
    return mint.job


@pytest.mark.blender
def test_a_character_is_written_with_all_its_clips(
    mint: RunMint, service: ThreadService, knight: str, tmp_path: Path
) -> None:
    """The GLB has the words as names, from 0; the price of each is paid."""
    output = tmp_path / "knight.glb"
    words = ("--motion", "walk in place", "--motion", "run", "--height", "1.8", "--in-place")
    ran = mint("animate", knight, *words, "-o", str(output), "--json")
    assert ran.status == 0, ran.err
    assert animations(output) == {"walk in place": 0.0, "run": 0.0}
    done = [each for each in ran.records if each["event"] == "result"]
    assert [each["motion"] for each in done] == ["walk in place", "run"]
    assert all(each["output"] == str(output) and each["credits"] == 250 for each in done)
    (model,) = mint("models", "--json").records
    assert model["clips"] == ["walk in place", "run"]
    assert "    walk in place, run\n" in mint("models").out
    sent = [each.body for each in service.requests(*ORDERS)]
    assert sent[0] == {"motionPrompt": "walk in place", "heightMeters": 1.8}


@pytest.mark.blender
def test_each_job_of_an_order_writes_the_whole_character(
    mint: RunMint, knight: str, tmp_path: Path
) -> None:
    """`resume` and `place` of one of them, for free; also of what was paid for an earlier order."""
    assert mint("animate", knight, "--motion", "walk", "-o", str(tmp_path / "a.glb")).status == 0
    (walk,) = [job for job in mint.jobs() if job["motion"]]
    Path(walk["files"]["clip"]).unlink()
    output, copy = tmp_path / "b.glb", tmp_path / "copy.glb"
    words = ("--motion", "jump", "--motion", "Walk", "-o", str(output))
    assert mint("animate", knight, *words).status == 0
    assert sorted(animations(output)) == ["jump", "walk"]
    jobs = {job["motion"]: job for job in mint.jobs() if job["motion"]}
    output.unlink()
    Path(jobs["walk"]["files"]["clip"]).unlink()
    ran = mint("resume", jobs["jump"]["job"], "--json")
    done = [record["motion"] for record in ran.records if record["event"] == "result"]
    assert (ran.status, done) == (0, ["jump", "walk"]), ran.err
    assert sorted(animations(output)) == ["jump", "walk"]
    assert mint("place", jobs["jump"]["job"], "-o", str(copy)).status == 0
    assert sorted(animations(copy)) == ["jump", "walk"]
    assert len(mint.service.requests(*ORDERS)) == 2


@pytest.mark.blender
@pytest.mark.one_blender
def test_above_the_limit_nothing_is_sent(mint: RunMint, knight: str, tmp_path: Path) -> None:
    """The limit is for all motions together; without a price it is refused, too."""
    output = ("-o", str(tmp_path / "knight.glb"))
    motions = ("--motion", "walk", "--motion", "run", *output)
    assert mint("animate", knight, *motions, "--max-credits", "499").status == 4
    other = mint("generate", "--prompt", "a knight [no-motion-price]", "--json").result["job"]
    for more in (("--max-credits", "9999"), ()):
        ran = mint("animate", other, *motions, *more)
        assert ran.status == 4 and "price" in ran.err
    assert not mint.service.requests(*ORDERS)
    assert mint("animate", other, *motions, "--yes").status == 0
    assert len(mint.service.requests(*ORDERS)) == 2
    unpaid = ("--motion", "walk [no-credits]", "--motion", "run", *output, "--overwrite")
    ran = mint("animate", knight, *unpaid)
    assert ran.status == 4 and "Waiting for the first motion" in ran.err
    assert len(mint.service.requests(*ORDERS)) == 3


@pytest.mark.blender
@pytest.mark.one_blender
def test_a_motion_is_paid_again_if_that_is_said(mint: RunMint, knight: str, tmp_path: Path) -> None:
    """With `--pay-again`, and only then; the character has the new clip once."""
    words = ("animate", knight, "--motion", "walk", "-o", str(tmp_path / "knight.glb"))
    for more, orders in (((), 1), (("--overwrite",), 1), (("--overwrite", "--pay-again"), 2)):
        assert mint(*words, *more).status == 0
        assert len(mint.service.requests(*ORDERS)) == orders
    assert set(animations(tmp_path / "knight.glb")) == {"walk"}


def test_without_blender_nothing_is_paid(mint: RunMint, tmp_path: Path) -> None:
    """A character is written by Blender, also as a .glb."""
    ran = mint("animate", "mdl_1", "--motion", "walk", "-o", str(tmp_path / "knight.glb"))
    assert ran.status == 7 and "pip install bpy" in ran.err
    with pytest.raises(mint_blender.NotPossible, match="Nothing was started"):
        mint_blender.animate("mdl_1", "walk")
    assert not mint.service.log()


# -- Batches


def batch_of(folder: Path, motions: str) -> tuple[str, ...]:
    """Write a batch file of one line, and return the command that runs it."""
    file = folder / "set.csv"
    file.write_text(f"prompt,motions,format\na knight,{motions},glb\n")
    return "batch", str(file), "-o", str(folder / "out"), "--json"


@pytest.mark.blender
def test_a_line_of_a_batch_is_animated(mint: RunMint, knight: str, tmp_path: Path) -> None:
    """The price is for all, the GLB has all clips, and a rerun pays nothing."""
    words = batch_of(tmp_path, "walk in place | run")
    ran = mint(*words)
    assert ran.status == 0, ran.err
    (price,) = (record["credits"] for record in ran.records if record["event"] == "price")
    assert price == ran.records[-1]["credits"] == 798 + 500
    (file,) = (tmp_path / "out").glob("*.glb")
    assert animations(file) == {"walk in place": 0.0, "run": 0.0}
    body = mint.service.requests("POST", "/v1/models:generate")[-1].body
    assert body["riggingPose"] == "t_pose"
    record = json.loads(file.with_suffix(".json").read_text())
    assert (record["state"], record["credits"]) == ("done", 798 + 500)
    assert record["settings"]["motions"] == ["walk in place", "run"]
    file.unlink()
    assert mint(*words).status == 0
    assert len(animations(file)) == 2 and len(mint.service.requests(*ORDERS)) == 2


@pytest.mark.blender
@pytest.mark.one_blender
def test_writing_a_character_again_costs_nothing(mint: RunMint, home: Path, tmp_path: Path) -> None:
    """Also after Mint's files were deleted. Motions that were never made are not ordered by it."""
    words = batch_of(tmp_path, "walk | run [motion-fails]")
    assert mint(*words).status == 1
    again = mint(*words, "--rewrite")
    assert again.status == 1 and "motions of this line are not all there" in again.error_text
    assert len(mint.service.requests(*ORDERS)) == 2
    words = batch_of(tmp_path, "walk | run")
    assert mint(*words).status == 0
    (file,) = (tmp_path / "out").glob("*.glb")
    file.write_bytes(b"changed")
    for path in home.glob("**/*.glb"):
        path.unlink()
    posts = mint.service.requests("POST")
    ran = mint(*words, "--rewrite")
    assert ran.status == 0, ran.err
    assert set(animations(file)) == {"walk", "run"}
    assert mint.service.requests("POST") == posts


@pytest.mark.blender
@pytest.mark.one_blender
def test_another_machine_writes_a_character(
    mint: RunMint, tmp_path: Path, at_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the folder alone: without a key, by the step or by a whole run; nothing is paid."""
    words, service = batch_of(tmp_path, "walk | run [motion-fails]"), mint.service
    assert mint(*words, "--step", "generate").status == 1
    at_home("other")
    ran = mint(*words, "--step", "write")
    assert ran.status == 1 and "motions of this line are not all there" in ran.error_text
    ran = mint(*words, "--retry-failed")
    assert ran.status == 1 and "another machine may have paid" in ran.error_text
    assert not list((tmp_path / "out").glob("*.glb")) and len(service.requests(*ORDERS)) == 2
    words = batch_of(tmp_path, "walk | run")
    assert mint(*words, "--step", "generate").status == 0
    at_home("third")
    posts = service.requests("POST", "/v1/models*")
    assert mint(*words).status == 0
    (file,) = (tmp_path / "out").glob("*.glb")
    assert set(animations(file)) == {"walk", "run"}
    assert service.requests("POST", "/v1/models*") == posts
    service.stop()
    monkeypatch.delenv("MINT_API_KEY")
    at_home("fourth")
    file.unlink()
    ran = mint(*words, "--step", "write")
    assert ran.status == 0, ran.err
    assert set(animations(file)) == {"walk", "run"}


@pytest.mark.blender
@pytest.mark.one_blender
def test_motions_that_are_still_to_pay_count_for_the_limit(
    mint: RunMint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was stopped after the model says what is left, and refuses what is above."""
    words = batch_of(tmp_path, "walk | run")
    with monkeypatch.context() as interrupted:

        def stopped(self: BatchRun, line: object, job: object) -> None:
            raise NotPossible("Stopped here.")

        interrupted.setattr(BatchRun, "_animate", stopped)
        assert mint(*words).status == 1
    ran = mint(*words, "--max-credits", "499")
    assert ran.status == 4, ran.err
    (price,) = (record["credits"] for record in ran.records if record["event"] == "price")
    assert price == 500 and not mint.service.requests(*ORDERS)
    assert mint(*words, "--max-credits", "500").status == 0
    assert len(mint.service.requests(*ORDERS)) == 2


@pytest.mark.blender
@pytest.mark.one_blender
def test_a_motion_that_failed_is_paid_again_only_if_that_is_said(
    mint: RunMint, tmp_path: Path
) -> None:
    """Until then nothing is written; what has come is not ordered again."""
    words, service = batch_of(tmp_path, "walk | run [motion-fails]"), mint.service
    for _ in range(2):
        assert mint(*words).status == 1
        assert len(service.requests(*ORDERS)) == 2
    (path,) = (tmp_path / "out").glob("*.json")
    record = json.loads(path.read_text())
    assert (record["state"], record["files"].get("result")) == ("failed", None)
    ran = mint("resume")
    assert ran.status == 1 and "motions are not all here" in ran.error_text
    assert mint(*words, "--retry-failed").status == 1
    assert len(service.requests(*ORDERS)) == 3
    assert len(service.requests("POST", "/v1/models:generate")) == 1
    assert not list((tmp_path / "out").glob("*.glb"))


# -- Python


@pytest.mark.blender
def test_a_script_animates_what_is_in_its_scene(
    signed_in: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The character takes the place of the model; a later call adds a clip, and pays only that.

    The cost is that of all clips, or None if Mint has not said that of one.
    """
    import bpy

    placed = mint_blender.generate("a knight", preset="fast", pose="t_pose", location=(2, 0, 0))
    first = mint_blender.animate(placed, "walk in place", height=1.8)
    assert first.root == placed.root and first.root.location.x == 2.0
    second = mint_blender.animate(placed, ["walk in place", "run"], in_place=True)
    (rig,) = (built for built in bpy.context.scene.objects if built.type == "ARMATURE")
    names = [track.name for track in rig.animation_data.nla_tracks]
    assert names == ["walk in place", "run"] and rig in second.root.children_recursive
    assert (first.credits, second.credits, len(signed_in.requests(*ORDERS))) == (250, 500, 2)
    with monkeypatch.context() as unsaid:
        cost = property(lambda job: None if job.motion.words == "run" else 250.0)
        unsaid.setattr(Job, "cost", cost)
        assert mint_blender.animate(placed, ["walk in place", "run"], in_place=True).credits is None
    with pytest.raises(mint_blender.TooExpensive):
        mint_blender.animate(placed, "jump", max_credits=1)
    with pytest.raises(mint_blender.GenerationStopped) as stopped:
        mint_blender.animate(placed, ["sit", "run [motion-fails]"])
    assert stopped.value.phase == "failed"
    assert "sit" in [track.name for track in rig.animation_data.nla_tracks]
