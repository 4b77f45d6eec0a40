# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line with Blender: from a prompt to a .blend."""

from __future__ import annotations

import hashlib
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mint_blender.cli import reports
from mint_blender.files import pictures
from mint_blender.jobs.storage.journal import JournalError

from ..harness.processes import captured
from ..mint_service.runner import ThreadService
from .batch_helpers import Batch
from .command_runner import LAMP, RunMint, run

pytestmark = pytest.mark.blender

LOOK = """
import json, sys, bpy
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
scene = bpy.context.scene
print("SEEN " + json.dumps({
    "meshes": sum(each.type == "MESH" for each in scene.objects),
    "faces": sum(len(each.data.polygons) for each in scene.objects if each.type == "MESH"),
    "roots": [each.name for each in scene.objects if each.parent is None and "mint_kind" in each.keys()],
    "height": max([each.dimensions.z for each in scene.objects if "mint_kind" in each.keys()], default=0),
    "outside": [image.filepath for image in bpy.data.images if image.source == "FILE" and not image.packed_file],
    "background": bool(scene.world and any(node.type == "BACKGROUND" and node.inputs["Color"].is_linked for node in scene.world.node_tree.nodes)),
}))
sys.stdout.flush()
import os
os._exit(0)
"""

SMALL_PICTURES = """
from functools import partial
from {package}.delivery import import_job
import_job.render_image = partial(import_job.render_image, width=64, height=48, samples=1)
"""
"""What a background Blender of the fixture below runs first."""


def look(blend: Path) -> dict[str, Any]:
    """Return what another Blender finds in a file."""
    ended = captured([sys.executable, "-c", LOOK, str(blend)], check=True)
    (line,) = [line for line in ended.stdout.splitlines() if line.startswith("SEEN ")]
    seen: dict[str, Any] = json.loads(line.removeprefix("SEEN "))
    return seen


@pytest.fixture(autouse=True)
def _small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Render small pictures, here and in background Blenders: the tests only need a picture."""
    from mint_blender.delivery import background, import_job

    small = partial(import_job.render_image, width=64, height=48, samples=1)
    monkeypatch.setattr(import_job, "render_image", small)
    monkeypatch.setattr(background, "CODE", SMALL_PICTURES + background.CODE)


@pytest.mark.feature("python3 -m mint_blender")
def test_a_model_becomes_a_blend_and_a_picture(mint: RunMint, tmp_path: Path) -> None:
    """The .blend has the model under one root with packed textures; the PNG is a picture."""
    blend, picture = tmp_path / "lamp.blend", tmp_path / "lamp.png"
    ran = mint(*LAMP, "-o", str(blend), "--render", str(picture))
    assert ran.status == 0, ran.err
    assert f"  {blend}" in ran.out and f"  {picture}" in ran.out
    seen = look(blend)
    assert seen["meshes"] and seen["faces"]
    assert len(seen["roots"]) == 1
    assert seen["outside"] == []
    assert pictures.inspect(picture).format == "png"
    with Image.open(picture) as opened:
        assert "digitalsourcetype/trainedAlgorithmicMedia" in opened.info["XML:com.adobe.xmp"]


def test_a_picture_has_the_size_that_was_asked_for(mint: RunMint, tmp_path: Path) -> None:
    """Of a job, of a later `place`, and of the lines of a batch in background Blenders."""
    picture, look = tmp_path / "lamp.png", ("--render-samples", "2", "--render-engine", "cycles")
    assert mint(*LAMP, "--render", str(picture), "--render-size", "40x20", *look).status == 0
    assert Image.open(picture).size == (40, 20)
    again = ("place", mint.job, "--render", str(picture), "--overwrite")
    assert mint(*again, "--render-size", "20x40").status == 0
    assert Image.open(picture).size == (20, 40)
    (tmp_path / "a.txt").write_text("a lamp\n", encoding="utf-8")
    out = tmp_path / "out"
    batch = ("batch", str(tmp_path / "a.txt"), "-o", str(out))
    assert mint(*batch).status == 0
    (out / "0001-a-lamp.blend").write_bytes(b"the user's work")
    assert mint(*batch, "--render", "--render-size", "30x24").status == 0
    assert Image.open(out / "0001-a-lamp.png").size == (30, 24)
    assert (out / "0001-a-lamp.blend").read_bytes() == b"the user's work"
    assert mint(*batch, "--render", "--render-size", "31x24", "--rewrite").status == 0
    assert Image.open(out / "0001-a-lamp.png").size == (31, 24)


def test_what_a_blend_has_from_mint(mint: RunMint, tmp_path: Path) -> None:
    """As objects for programs and as a table; a file that is none stops nothing."""
    assert mint(*LAMP, "-o", str(tmp_path / "lamp.blend")).status == 0
    (tmp_path / "broken.blend").write_bytes(b"no blend")
    (job,) = mint.jobs()
    files = [str(tmp_path / name) for name in ("broken.blend", "lamp.blend")]
    assets = partial(run, mint.service, tmp_path / "home", "assets")  # it redirects its output
    listed = assets(*files, "--json")
    error, entry = listed.records
    assert (listed.status, error["event"]) == (7, "error")
    model = Path(job["files"]["model"]).read_bytes()
    assert entry["sha256"] == hashlib.sha256(model).hexdigest()
    assert (entry["prompt"], entry["credits"]) == (job["prompt"], job["credits"])
    table = assets(files[1], "--csv")
    assert table.out.splitlines()[0].startswith("file,object,prompt,") and table.status == 0
    assert f"{entry['credits']:g} Credits" in assets(files[1]).out


def test_a_world_becomes_a_blend_and_a_picture(mint: RunMint, tmp_path: Path) -> None:
    """The .blend has the collider under one root and the panorama as background.

    Mint has no GLB of a World, so Blender exports what it placed.
    """
    blend, picture = tmp_path / "hall.blend", tmp_path / "hall.png"
    world = ("generate", "--kind", "world", "--prompt", "a greenhouse", "--preset", "fast")
    ran = mint(*world, "-o", str(blend), "--render", str(picture))
    assert ran.status == 0, ran.err
    seen = look(blend)
    assert seen["faces"]
    assert len(seen["roots"]) == 1
    assert seen["background"]
    assert seen["outside"] == []
    assert pictures.inspect(picture).format == "png"
    assert mint("place", mint.job, "-o", str(tmp_path / "hall.glb")).status == 0
    assert (tmp_path / "hall.glb").read_bytes()[:4] == b"glTF"


def test_a_result_that_cannot_be_imported_is_kept(mint: RunMint, tmp_path: Path) -> None:
    """Status 7 says why and names Mint's file; `resume` generates nothing again."""
    ran = mint("generate", "--prompt", "a lamp [meshopt]", "-o", str(tmp_path / "lamp.blend"))
    assert ran.status == 7
    assert "Mint's files are kept" in ran.error_text
    assert Path(mint.jobs()[0]["files"]["model"]).is_file()
    assert mint("resume").status == 7
    assert len(mint.service.operations()) == 1


@pytest.mark.one_blender
def test_place_writes_a_job_again(mint: RunMint, tmp_path: Path) -> None:
    """`place` can write a job again; each .blend has only its own model."""
    for prompt in ("a lamp", "a mug"):
        mint("generate", "--prompt", prompt, "--preset", "fast")
    for job in mint.jobs():
        blend = tmp_path / f"{job['prompt']}.blend"
        assert mint("place", job["job"], "-o", str(blend)).status == 0
        assert len(look(blend)["roots"]) == 1


@pytest.mark.one_blender
def test_what_the_journal_has_missed_is_recognized(
    mint: RunMint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was written when the journal could not be is taken as it is, and recorded."""

    def broken(*_: object, **more: object) -> None:
        raise JournalError("The journal cannot be written.")

    for prompt in ("a lamp", "a mug"):
        mint("generate", "--prompt", prompt, "--preset", "fast")
    for suffix, job in zip((".glb", ".blend"), mint.jobs(), strict=True):
        file = tmp_path / f"prop{suffix}"
        place = ("place", job["job"], "-o", str(file))
        with monkeypatch.context() as once:
            once.setattr(reports, "report_written", broken)
            assert mint(*place).status == 9
        content = file.read_bytes()
        file.write_bytes(b"mine")
        assert mint(*place).status == 2 and file.read_bytes() == b"mine"
        file.write_bytes(content)
        before = file.stat()
        ran = mint(*place)
        assert ran.status == 0 and str(file) in ran.out, ran
        assert file.stat().st_mtime_ns == before.st_mtime_ns
        assert next(each for each in mint.jobs() if each["job"] == job["job"])["phase"] == "placed"
        assert mint(*place).status == 2


@pytest.mark.one_blender
def test_blenders_output_is_not_on_standard_output(
    service: ThreadService, home: Path, tmp_path: Path
) -> None:
    """With --json, none of Blender's own output is on standard output."""
    small = ("--render-size", "64x48", "--render-samples", "1")
    words = (*LAMP, "--json", "-o", f"{tmp_path}/lamp.blend", "--render", f"{tmp_path}/lamp.png")
    ran = run(service, home, *words, *small)
    assert (ran.status, ran.result["phase"]) == (0, "placed"), ran.err
    assert "Fra:" not in ran.err


@pytest.mark.one_blender
def test_a_batch_of_both_kinds(batch: Batch) -> None:
    """Models and Worlds become .blend files; --render replaces Mint's pictures, also in a rerun."""
    hall = {"prompt": "a hall", "kind": "world", "collider": "visible", "rigid_body": True}
    batch.lines(
        {"prompt": "a lamp", "height": 3, "name": "Lamp", "format": "blend", "export": "unity"},
        {**hall, "panorama": False, "render": False, "format": "blend"},
    )
    assert batch().status == 0
    out = batch.out
    suffixes = {path.suffix for path in out.iterdir() if not path.name.startswith(".")}
    assert suffixes == {".blend", ".fbx", ".webp", ".json", ".html"}
    seen = look(out / "0002-a-hall.blend")
    assert seen["background"] is False and seen["meshes"]
    assert look(out / "0001-lamp.blend")["height"] == pytest.approx(3)
    assert json.loads((out / "0002-a-hall.json").read_text())["settings"]["rigid_body"] is True
    assert batch("--render").status == 0
    assert pictures.inspect(out / "0001-lamp.png").format == "png"
    assert not (out / "0002-a-hall.png").exists(), "a line's own word holds"
    assert json.loads((out / "0001-lamp.json").read_text())["files"]["picture"] == "0001-lamp.png"
    assert len(batch.service.operations()) == 2
