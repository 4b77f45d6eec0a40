# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that `batch` reads: .jsonl, .csv and .txt."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ..mint.generation_helpers import PIXEL
from .batch_helpers import Batch
from .command_runner import RunMint


def test_all_fields_reach_mint_and_files_are_named_by_line(batch: Batch, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a hero.png").write_bytes(PIXEL)
    hero = {"prompt": "a hero", "name": "The Hero", "preset": "standard", "pose": "t_pose"}
    hero |= {"image": "pictures/a hero.png", "mode": "auto"}
    images = ["https://example.com/a.png", "https://example.com/b.png"]
    mug = {"prompt": "a mug", "images": images, "kind": "model", "name": None}
    batch.lines({"prompt": "a lamp"}, hero, mug)
    ran = batch()
    assert ran.status == 0
    titles = ["0001-a-lamp", "0002-the-hero", "0003-a-mug"]
    names = {f"{title}{suffix}" for title in titles for suffix in (".glb", ".webp", ".json")}
    names |= {"index.html", ".mint-batch"}
    assert {path.name for path in batch.out.iterdir()} == names
    assert "3 lines to start: about" in ran.err.splitlines()[0]
    assert "3 of 3 lines are done" in ran.err
    starts = batch.service.requests("POST", "/v1/models:generate")
    bodies = {entry.body["prompt"]: entry.body for entry in starts}
    sent = {"name": "The Hero", "riggingPose": "t_pose", "generationPreset": "standard"}
    assert sent.items() <= bodies["a hero"].items() and "imageUrl" in bodies["a hero"]
    assert bodies["a mug"]["sourceImages"] == images
    plain = {"generationPreset": "fast", "generationMode": "auto"}
    assert bodies["a lamp"] == {"prompt": "a lamp", "name": "a lamp", **plain}


BAD = {
    "a.jsonl, line 2": ('{"prompt": "a lamp"}\n{"prompt": \n', "not valid JSON"),
    "b.jsonl, line 1": ('["a lamp"]\n', "each line must be a JSON object"),
    "c.jsonl, line 3": ('{"prompt": "a lamp"}\n\n{"promt": "a mug"}\n', "unknown field promt. Did you mean prompt?"),
    "d.jsonl, line 1": ('{"prompt": "a lamp", "kind": "chair"}\n', 'kind must be one of model, world, not "chair"'),
    "e.jsonl, line 1": ('{"prompt": 5}\n', "prompt must be text, not 5"),
    "f.jsonl, line 1": ('{"prompt": "a lamp", "images": [1]}\n', "images must be a list of paths and URLs"),
    "g.jsonl, line 1": ('{"prompt": "a lamp", "image": "nowhere.png"}\n', "nowhere.png cannot be read"),
    "h.jsonl, line 1": ('{"prompt": "a lamp", "format": "obj"}\n', 'format must be one of blend, glb, not "obj"'),
    "i.jsonl, line 1": ('{"name": "nothing"}\n', "The prompt is empty"),
    "j.jsonl, line 1": ('{"prompt": "a hall", "kind": "world", "pose": "a_pose"}\n', "only for models"),
    "k.csv, line 2": ("prompt,name\na lamp, orange, large\n", "more fields than the header"),
    "l.csv, line 1": ("wish\na lamp\n", "unknown column wish"),
    "m.csv, line 3": ('prompt,format\na lamp,glb\n"a mug', "not valid CSV"),
    "n.txt": ("\n\n", "has no lines to generate"),
    "o.yaml": ("prompt: a lamp", "must end in .jsonl, .csv or .txt"),
    "p.txt, line 2": ("a lamp\n" + "x" * 8001, "has 8001 characters"),
    "q.txt": ("à la lampe", "is not UTF-8 text (line 1). Save it as UTF-8: in Excel, as CSV UTF-8"),
    "r.jsonl, line 1": ('{"prompt": "a knight", "motions": " | "}', "motions is empty"),
    "s.jsonl, line 1": ('{"prompt": "a knight", "motions": ["walk", 1]}', "motions must be a list of texts"),
    "t.jsonl, line 1": ('{"prompt": "a knight", "motions": "walk", "pose": "a_pose"}', "pose must be one of t_pose"),
    "u.jsonl, line 1": ('{"prompt": "a knight", "motions": "walk", "height": 50}', "50.00 m high"),
    "v.jsonl, line 1": ('{"prompt": "a knight", "motions": "walk", "kind": "world"}', "motions applies to a model"),
}  # fmt: skip


def test_a_bad_line_is_named_and_nothing_is_started(mint: RunMint, tmp_path: Path) -> None:
    """The message names file and line; not even the lines before it are started."""
    for where, (content, sentence) in BAD.items():
        file = tmp_path / where.partition(",")[0]
        file.write_text(content, encoding="latin-1")
        ran = mint("batch", str(file), "-o", str(tmp_path / "out"))
        assert ran.status == 2, where
        assert where in ran.error_text
        assert sentence in ran.error_text, where
        assert "Nothing was started." in ran.error_text
    assert "No such file" in mint("batch", "nowhere.txt", "-o", str(tmp_path / "out")).error_text
    assert not mint.service.log()


def test_lines_of_a_txt_file_need_blender(mint: RunMint, tmp_path: Path) -> None:
    """Without Blender, a .txt file (which becomes .blend files) is refused before any start."""
    (tmp_path / "a.txt").write_text("a lamp\na mug\n")
    ran = mint("batch", str(tmp_path / "a.txt"), "-o", str(tmp_path / "out"))
    assert ran.status == 7
    assert "pip install bpy" in ran.error_text
    assert not mint.service.operations()


def test_what_passes_through_a_batch(batch: Batch) -> None:
    """`--json` names the files that were written; the record and the sheet have what passes."""
    line = {"prompt": "a lamp", "output": "hero-lamp", "x_shot": "0010", "meta": {"task": "<prop>"}}
    batch.lines(line)
    for _ in range(2):
        result = batch("--json").records[-2]
        assert (result["event"], result["render"]) == ("result", None)
        assert result["output"] == str(batch.out / "hero-lamp.glb")
        assert result["record"] == str(batch.out / "hero-lamp.json")
    record = json.loads((batch.out / "hero-lamp.json").read_text(encoding="utf-8"))
    assert record["meta"] == {"x_shot": "0010", "x_task": "<prop>"}
    assert "x_task: &lt;prop&gt;" in (batch.out / "index.html").read_text(encoding="utf-8")
    batch.lines({"prompt": "a mug"}, line)
    assert batch().status == 0
    assert (batch.out / "0001-a-mug.glb").is_file() and len(list(batch.out.glob("*.glb"))) == 2


@pytest.mark.blender
def test_what_passes_through_is_in_the_file(batch: Batch) -> None:
    """The root of the result has it as custom properties."""
    import bpy

    batch.lines({"prompt": "a lamp", "format": "blend", "id": "lamp", "x_shot": "0010"})
    assert batch().status == 0
    bpy.ops.wm.open_mainfile(filepath=str(batch.out / "lamp.blend"))
    (root,) = [each for each in bpy.data.objects if "x_shot" in each.keys()]
    assert root["x_shot"] == "0010"
