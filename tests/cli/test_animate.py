# SPDX-License-Identifier: GPL-3.0-or-later
"""Animate a model from the shell and from Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import mint_blender
from mint_blender.cli.batch.runner import BatchRun
from mint_blender.jobs.service import NotPossible

from ..mint_service.runner import ThreadService
from .batch_helpers import animations, lines_of
from .command_runner import RunMint

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
@pytest.mark.one_blender
def test_what_was_paid_is_written_again_for_free(
    mint: RunMint, service: ThreadService, knight: str, tmp_path: Path
) -> None:
    """Also with a new motion beside it, and after its files were deleted."""
    assert mint("animate", knight, "--motion", "walk", "-o", str(tmp_path / "a.glb")).status == 0
    (job,) = [each for each in mint.jobs() if each["motion"]]
    Path(job["files"]["clip"]).unlink()
    again = ("--motion", "Walk", "--motion", "jump")
    ran = mint("animate", knight, *again, "-o", str(tmp_path / "b.glb"))
    assert ran.status == 0, ran.err
    assert sorted(animations(tmp_path / "b.glb")) == ["jump", "walk"]
    assert len(service.requests(*ORDERS)) == 2


@pytest.mark.blender
def test_each_job_of_an_order_writes_the_whole_character(
    mint: RunMint, service: ThreadService, knight: str, tmp_path: Path
) -> None:
    """`resume` and `place` of one of them, for free; also of what was paid for an earlier order."""
    assert mint("animate", knight, "--motion", "walk", "-o", str(tmp_path / "a.glb")).status == 0
    output = tmp_path / "b.glb"
    words = ("--motion", "jump", "--motion", "walk", "-o", str(output))
    assert mint("animate", knight, *words).status == 0
    jobs = {each["motion"]: each for each in mint.jobs() if each["motion"]}
    output.unlink()
    Path(jobs["walk"]["files"]["clip"]).unlink()
    ran = mint("resume", jobs["jump"]["job"], "--json")
    done = [each["motion"] for each in ran.records if each["event"] == "result"]
    assert (ran.status, done) == (0, ["jump", "walk"]), ran.err
    assert sorted(animations(output)) == ["jump", "walk"]
    copy = tmp_path / "copy.glb"
    assert mint("place", jobs["jump"]["job"], "-o", str(copy)).status == 0
    assert sorted(animations(copy)) == ["jump", "walk"]
    assert len(service.requests(*ORDERS)) == 2


@pytest.mark.blender
@pytest.mark.one_blender
def test_above_the_limit_nothing_is_sent(mint: RunMint, knight: str, tmp_path: Path) -> None:
    """The limit is for all motions together; without a price it is refused, too."""
    motions = ("--motion", "walk", "--motion", "run", "-o", str(tmp_path / "knight.glb"))
    assert mint("animate", knight, *motions, "--max-credits", "499").status == 4
    other = mint("generate", "--prompt", "a knight [no-motion-price]", "--json").result["job"]
    for more in (("--max-credits", "9999"), ()):
        ran = mint("animate", other, *motions, *more)
        assert ran.status == 4 and "price" in ran.err
    assert not mint.service.requests(*ORDERS)
    assert mint("animate", other, *motions, "--yes").status == 0
    assert len(mint.service.requests(*ORDERS)) == 2


@pytest.mark.blender
@pytest.mark.one_blender
def test_a_motion_is_paid_again_if_that_is_said(mint: RunMint, knight: str, tmp_path: Path) -> None:
    """With `--again`, and only then; the character has the new clip once."""
    words = ("animate", knight, "--motion", "walk", "-o", str(tmp_path / "knight.glb"))
    for more, orders in (((), 1), (("--overwrite",), 1), (("--overwrite", "--again"), 2)):
        assert mint(*words, *more).status == 0
        assert len(mint.service.requests(*ORDERS)) == orders
    assert set(animations(tmp_path / "knight.glb")) == {"walk"}


@pytest.mark.blender
@pytest.mark.one_blender
def test_a_first_motion_that_waits_for_credits_does_not_block(
    mint: RunMint, service: ThreadService, knight: str, tmp_path: Path
) -> None:
    """The command ends, and says what the others wait for; nothing is sent for them."""
    motions = ("--motion", "walk [no-credits]", "--motion", "run")
    ran = mint("animate", knight, *motions, "-o", str(tmp_path / "knight.glb"))
    assert ran.status == 4, ran.err
    assert "Waiting for the first motion" in ran.err
    assert len(service.requests(*ORDERS)) == 1
    assert not (tmp_path / "knight.glb").exists()


@pytest.mark.blender
@pytest.mark.one_blender
def test_wrong_arguments(mint: RunMint, service: ThreadService, tmp_path: Path) -> None:
    """Each is a sentence, before anything is sent."""
    output = str(tmp_path / "knight.glb")
    for words, sentence in (
        (("nothing here", "--motion", "walk"), "no job"),
        (("mdl_1", "--motion", " "), "The motion is empty"),
        (("mdl_1", "--motion", "walk", "--height", "20"), "20.00 m high"),
    ):
        ran = mint("animate", *words, "-o", output)
        assert (ran.status, sentence in ran.error_text) == (2, True), ran.err
    assert not service.requests("POST")


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
    (price,) = (each["credits"] for each in ran.records if each["event"] == "price")
    assert price == 798 + 500
    (file,) = (tmp_path / "out").glob("*.glb")
    assert animations(file) == {"walk in place": 0.0, "run": 0.0}
    body = mint.service.requests("POST", "/v1/models:generate")[-1].body
    assert body["riggingPose"] == "t_pose"
    record = json.loads(file.with_suffix(".json").read_text())
    assert (record["state"], record["credits"]) == ("done", 798 + 500)
    assert record["settings"]["motions"] == ["walk in place", "run"]
    assert ran.records[-1]["credits"] == 798 + 500
    file.unlink()
    assert mint(*words).status == 0
    assert len(animations(file)) == 2 and len(mint.service.requests(*ORDERS)) == 2


def delete_files(home: Path) -> None:
    """Delete Mint's files from the downloads of a journal."""
    files = list(home.glob("**/*.glb"))
    assert files
    for path in files:
        path.unlink()


@pytest.mark.blender
@pytest.mark.one_blender
def test_again_writes_a_character_and_pays_nothing(
    mint: RunMint, service: ThreadService, home: Path, tmp_path: Path
) -> None:
    """Also after Mint's files were deleted. Motions that were never made are not ordered by it."""
    words = batch_of(tmp_path, "walk | run [motion-fails]")
    assert mint(*words).status == 1
    again = mint(*words, "--again")
    assert again.status == 1 and "motions of this line are not all there" in again.error_text
    assert len(service.requests(*ORDERS)) == 2
    words = batch_of(tmp_path, "walk | run")
    assert mint(*words).status == 0
    for number in range(2):
        (file,) = (tmp_path / "out").glob("*.glb")
        file.write_bytes(b"changed")
        if number:
            delete_files(home)
        posts = service.requests("POST")
        ran = mint(*words, "--again")
        assert ran.status == 0, ran.err
        assert set(animations(file)) == {"walk", "run"}
        assert service.requests("POST") == posts


@pytest.mark.blender
@pytest.mark.one_blender
def test_another_machine_writes_a_character(
    mint: RunMint, service: ThreadService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the folder alone: without a key, by the step or by a whole run; nothing is paid."""
    words = batch_of(tmp_path, "walk | run")
    ran = mint(*words, "--step", "generate")
    assert ran.status == 0, ran.err
    assert not list((tmp_path / "out").glob("*.glb")) and len(service.requests(*ORDERS)) == 2
    monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / "other"))
    posts = service.requests("POST", "/v1/models*")
    ran = mint(*words)
    assert ran.status == 0, ran.err
    (file,) = (tmp_path / "out").glob("*.glb")
    assert set(animations(file)) == {"walk", "run"}
    assert service.requests("POST", "/v1/models*") == posts
    service.stop()
    monkeypatch.delenv("MINT_API_KEY")
    monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / "third"))
    file.unlink()
    ran = mint(*words, "--step", "write")
    assert ran.status == 0, ran.err
    assert set(animations(file)) == {"walk", "run"}


@pytest.mark.blender
@pytest.mark.one_blender
def test_a_step_does_not_pass_on_half_a_character(
    mint: RunMint, service: ThreadService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed motion is the status of the line, and another machine neither writes nor pays."""
    words = batch_of(tmp_path, "walk | run [motion-fails]")
    assert mint(*words, "--step", "generate").status == 1
    monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / "other"))
    ran = mint(*words, "--step", "write")
    assert ran.status == 1 and "motions of this line are not all there" in ran.error_text
    ran = mint(*words, "--retry-failed")
    assert ran.status == 1 and "another machine may have paid" in ran.error_text
    assert not list((tmp_path / "out").glob("*.glb")) and len(service.requests(*ORDERS)) == 2


@pytest.mark.blender
@pytest.mark.one_blender
def test_motions_that_are_still_to_pay_count_for_the_limit(
    mint: RunMint, service: ThreadService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    (price,) = (each["credits"] for each in ran.records if each["event"] == "price")
    assert price == 500 and not service.requests(*ORDERS)
    assert mint(*words, "--max-credits", "500").status == 0
    assert len(service.requests(*ORDERS)) == 2


@pytest.mark.blender
@pytest.mark.one_blender
def test_a_motion_that_failed_is_paid_again_only_if_that_is_said(
    mint: RunMint, service: ThreadService, knight: str, tmp_path: Path
) -> None:
    """Until then nothing is written; what has come is not ordered again."""
    words = batch_of(tmp_path, "walk | run [motion-fails]")
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
    assert len(service.requests("POST", "/v1/models:generate")) == 2
    assert not list((tmp_path / "out").glob("*.glb"))


def test_wrong_motions_of_a_line(mint: RunMint, service: ThreadService, tmp_path: Path) -> None:
    """Each is named with its line, and nothing is sent."""
    for line, sentence in (
        ({"motions": " | "}, "motions is empty"),
        ({"motions": ["walk", 1]}, "motions must be a list of texts"),
        ({"motions": "walk", "pose": "a_pose"}, "pose must be one of t_pose"),
        ({"motions": "walk", "height": 50}, "50.00 m high"),
        ({"motions": "walk", "kind": "world"}, "motions applies to a model"),
    ):
        file = lines_of(tmp_path / "set.jsonl", {"prompt": "a knight", **line})
        ran = mint("batch", str(file), "-o", str(tmp_path / "out"))
        assert (ran.status, sentence in ran.error_text) == (2, True), ran.err
    assert not service.log()


# -- Python


@pytest.mark.blender
def test_a_script_animates_what_is_in_its_scene(signed_in: ThreadService) -> None:
    """The character takes the place of the model; a later call adds a clip, and pays only that."""
    import bpy

    placed = mint_blender.generate("a knight", preset="fast", pose="t_pose", location=(2, 0, 0))
    first = mint_blender.animate(placed, "walk in place", height=1.8)
    assert first.root == placed.root and first.root.location.x == 2.0
    second = mint_blender.animate(placed, ["walk in place", "run"], in_place=True)
    (rig,) = (each for each in bpy.context.scene.objects if each.type == "ARMATURE")
    names = [each.name for each in rig.animation_data.nla_tracks]
    assert names == ["walk in place", "run"] and rig in second.root.children_recursive
    assert (first.credits, len(signed_in.requests(*ORDERS))) == (250, 2)


@pytest.mark.blender
@pytest.mark.one_blender
def test_a_script_reads_what_failed(signed_in: ThreadService) -> None:
    """The motion that came is placed; the error names the one that did not."""
    import bpy

    placed = mint_blender.generate("a knight", preset="fast", pose="t_pose")
    motions = ["walk", "run [motion-fails]"]
    with pytest.raises(mint_blender.GenerationStopped) as stopped:
        mint_blender.animate(placed, motions)
    assert stopped.value.phase == "failed"
    assert any(each.type == "ARMATURE" for each in bpy.context.scene.objects)
    with pytest.raises(mint_blender.TooExpensive):
        mint_blender.animate(placed, "jump", max_credits=1)
