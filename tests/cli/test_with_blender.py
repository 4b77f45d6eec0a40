# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line with Blender: from a prompt to a .blend."""

from __future__ import annotations

import hashlib
import json
import sys
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from mint_blender.files import pictures

from ..harness.processes import captured
from ..mint_service.runner import ThreadService
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


def look(blend: Path) -> dict[str, object]:
    """Return what another Blender finds in a file."""
    ended = captured([sys.executable, "-c", LOOK, str(blend)], check=True)
    (line,) = [line for line in ended.stdout.splitlines() if line.startswith("SEEN ")]
    seen: dict[str, object] = json.loads(line.removeprefix("SEEN "))
    return seen


@pytest.fixture(autouse=True)
def _small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Render small pictures, here and in background Blenders: most tests only need a picture.

    `test_blenders_output_is_not_on_standard_output` renders one of the real size.
    """
    from mint_blender.delivery import background, import_job

    monkeypatch.setattr(
        import_job, "render_image", partial(import_job.render_image, width=64, height=48, samples=1)
    )
    monkeypatch.setattr(background, "CODE", SMALL_PICTURES + background.CODE)


@pytest.mark.feature("python3 -m mint_blender")
def test_a_model_becomes_a_blend_and_a_picture(mint: RunMint, tmp_path: Path) -> None:
    """The .blend has the model under one root with packed textures; the PNG is a picture."""
    ran = mint(*LAMP, "-o", str(tmp_path / "lamp.blend"), "--render", str(tmp_path / "lamp.png"))
    assert ran.status == 0, ran.err
    assert f"  {tmp_path / 'lamp.blend'}" in ran.out
    assert f"  {tmp_path / 'lamp.png'}" in ran.out
    seen = look(tmp_path / "lamp.blend")
    assert seen["meshes"] and seen["faces"]
    assert len(seen["roots"]) == 1
    assert seen["outside"] == []
    assert pictures.inspect(tmp_path / "lamp.png").format == "png"
    with Image.open(tmp_path / "lamp.png") as picture:
        assert "digitalsourcetype/trainedAlgorithmicMedia" in picture.info["XML:com.adobe.xmp"]


def test_a_picture_has_the_size_that_was_asked_for(mint: RunMint, tmp_path: Path) -> None:
    """Of a job, of a later `place`, and of the lines of a batch in background Blenders."""
    picture, look = tmp_path / "lamp.png", ("--render-samples", "2", "--render-engine", "cycles")
    assert mint(*LAMP, "--render", str(picture), "--render-size", "40x20", *look).status == 0
    assert Image.open(picture).size == (40, 20)
    (job,) = mint.jobs()
    again = ("place", job["job"], "--render", str(picture), "--overwrite")
    assert mint(*again, "--render-size", "20x40").status == 0
    assert Image.open(picture).size == (20, 40)
    assert mint(*again).status == 0
    assert Image.open(picture).size == (64, 48)
    (tmp_path / "a.txt").write_text("a lamp\n", encoding="utf-8")
    batch = ("batch", str(tmp_path / "a.txt"), "-o", str(tmp_path / "out"), "--render")
    for more in ((), ("--again",)):
        size = f"{30 + len(more)}x24"
        assert mint(*batch, "--render-size", size, *more).status == 0
        assert Image.open(tmp_path / "out" / "0001-a-lamp.png").size == (30 + len(more), 24)


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
    """The .blend has the collider under one root and the panorama as background."""
    ran = mint("generate", "--kind", "world", "--prompt", "a greenhouse", "--preset", "fast", "-o", str(tmp_path / "hall.blend"), "--render", str(tmp_path / "hall.png"))  # fmt: skip
    assert ran.status == 0, ran.err
    seen = look(tmp_path / "hall.blend")
    assert seen["faces"]
    assert len(seen["roots"]) == 1
    assert seen["background"]
    assert seen["outside"] == []
    assert pictures.inspect(tmp_path / "hall.png").format == "png"


def test_a_world_as_glb_is_written_by_blender(mint: RunMint, tmp_path: Path) -> None:
    """Mint has no GLB of a World, so Blender exports what it placed."""
    ran = mint(
        "generate", "--kind", "world", "--prompt", "a hall", "-o", str(tmp_path / "hall.glb")
    )
    assert ran.status == 0, ran.err
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
    mint(*LAMP)
    mint("generate", "--prompt", "a mug", "--preset", "fast")
    jobs = {record["prompt"]: record["job"] for record in mint.jobs()}
    for prompt, job in jobs.items():
        assert mint("place", job, "-o", str(tmp_path / f"{prompt}.blend")).status == 0
    assert [len(look(tmp_path / f"{prompt}.blend")["roots"]) for prompt in jobs] == [1, 1]


@pytest.mark.one_blender
def test_blenders_output_is_not_on_standard_output(
    service: ThreadService, home: Path, tmp_path: Path
) -> None:
    """With --json, none of Blender's own output is on standard output."""
    words = (*LAMP, "--json", "-o", f"{tmp_path}/lamp.blend", "--render", f"{tmp_path}/lamp.png")
    ran = run(service, home, *words)
    assert (ran.status, ran.result["phase"]) == (0, "placed"), ran.err
    assert "Fra:" not in ran.err


@pytest.mark.one_blender
def test_a_batch_of_both_kinds(mint: RunMint, service: ThreadService, tmp_path: Path) -> None:
    """Models and Worlds become .blend files; --render replaces Mint's pictures, also in a rerun."""
    lines: list[dict[str, object]] = [
        {"prompt": "a lamp", "preset": "fast", "height": 3, "name": "Lamp"},
        {
            "prompt": "a hall",
            "kind": "world",
            "preset": "fast",
            "collider": "visible",
            "panorama": False,
            "rigid_body": True,
            "render": False,
        },
    ]
    (tmp_path / "a.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8"
    )
    out = tmp_path / "out"
    assert mint("batch", str(tmp_path / "a.jsonl"), "-o", str(out)).status == 0
    assert {path.suffix for path in out.iterdir() if not path.name.startswith(".")} == {
        ".blend",
        ".webp",
        ".json",
        ".html",
    }
    hall = look(out / "0002-a-hall.blend")
    assert hall["background"] is False and hall["meshes"]
    assert look(out / "0001-lamp.blend")["height"] == pytest.approx(3)
    assert json.loads((out / "0002-a-hall.json").read_text())["settings"]["rigid_body"] is True
    assert mint("batch", str(tmp_path / "a.jsonl"), "-o", str(out), "--render").status == 0
    assert pictures.inspect(out / "0001-lamp.png").format == "png"
    assert not (out / "0002-a-hall.png").exists(), "a line's own word holds"
    assert json.loads((out / "0001-lamp.json").read_text())["files"]["picture"] == "0001-lamp.png"
    assert len(service.operations()) == 2


@pytest.mark.one_blender
def test_a_later_picture_does_not_change_the_result(mint: RunMint, tmp_path: Path) -> None:
    """A rerun that only renders a picture does not change a result that the user edited."""
    (tmp_path / "a.txt").write_text("a lamp\n", encoding="utf-8")
    out = tmp_path / "out"
    assert mint("batch", str(tmp_path / "a.txt"), "-o", str(out)).status == 0
    blend = out / "0001-a-lamp.blend"
    blend.write_bytes(b"the user's work")
    for _ in ("the first", "another, as it was deleted"):
        (out / "0001-a-lamp.png").unlink(missing_ok=True)
        assert mint("batch", str(tmp_path / "a.txt"), "-o", str(out), "--render").status == 0
        assert pictures.inspect(out / "0001-a-lamp.png").format == "png"
        assert blend.read_bytes() == b"the user's work"
