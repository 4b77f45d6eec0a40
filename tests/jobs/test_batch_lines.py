# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of a batch: their fields in a file, and the prompts of a text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.batch_lines import BadLineError, first_complaint, lines_of_text, read_lines

from ..mint.generation_helpers import PIXEL

MODEL = {
    "prompt": "a hero",
    "name": "Hero",
    "preset": "fast",
    "mode": "auto",
    "pose": "a_pose",
    "optimize": "light",
    "height": 1.8,
}
WORLD = {
    "prompt": "a hall", "kind": "world", "preset": "fast", "mode": "auto", "splats": "100k", "collider": "physics", "panorama": False,
    "camera": False, "rigid_body": True,
}  # fmt: skip


def test_every_field_of_a_model(tmp_path: Path) -> None:
    """Every field of a model is in the request, the delivery or the optimization."""
    (tmp_path / "hero.png").write_bytes(PIXEL)
    (line,) = read_lines(
        _jsonl(
            tmp_path, {**MODEL, "images": ["hero.png", "https://example.com/b.png"], "render": True}
        )
    )
    request, delivery = line.request, line.delivery
    assert (request.kind, request.prompt, request.name, request.preset, request.mode) == (
        "model",
        "a hero",
        "Hero",
        "fast",
        "auto",
    )
    assert request.images == (str(tmp_path / "hero.png"), "https://example.com/b.png")
    assert (request.pose, line.optimize, delivery.height, line.render, line.suffix) == (
        "a_pose",
        "light",
        1.8,
        True,
        ".blend",
    )


def test_image_and_images_are_combined(tmp_path: Path) -> None:
    """A line with `image` and `images` uses all of these pictures."""
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).write_bytes(PIXEL)
    table = tmp_path / "wishes.csv"
    table.write_text("prompt,image,images\na lamp,a.png,b.png c.png\n", encoding="utf-8")
    (line,) = read_lines(table)
    assert [Path(image).name for image in line.request.images] == ["a.png", "b.png", "c.png"]


def test_every_field_of_a_world(tmp_path: Path) -> None:
    """Every field of a World is in the delivery."""
    (line,) = read_lines(_jsonl(tmp_path, WORLD))
    delivery = line.delivery
    assert line.request.kind == "world"
    assert (
        delivery.splats,
        delivery.collider,
        delivery.panorama,
        delivery.camera,
        delivery.rigid_body,
    ) == (
        "100k",
        "PHYSICS",
        False,
        False,
        True,
    )


def test_csv_values_are_text(tmp_path: Path) -> None:
    """In a .csv, numbers and flags are text, and empty fields are ignored for both kinds."""
    table = tmp_path / "wishes.csv"
    table.write_text(
        "prompt,kind,height,optimize,rigid_body,camera,render\na lamp,,0.5,moderate,,,YES\na hall,world,,,yes,no,false\na mug,,,,,,\n",
        encoding="utf-8",
    )
    lamp, hall, mug = read_lines(table)
    assert (lamp.delivery.height, lamp.optimize, lamp.render) == (0.5, "moderate", True)
    assert (hall.delivery.rigid_body, hall.delivery.camera, hall.render) == (True, False, False)
    assert (
        mug.delivery.height,
        mug.optimize,
        mug.delivery.rigid_body,
        mug.delivery.camera,
        mug.render,
    ) == (None, None, False, True, None)


@pytest.mark.parametrize(
    "values, sentence",
    [
        ({"height": "tall"}, 'height must be a number above 0, not "tall"'),
        ({"height": True}, "height must be a number above 0, not true"),
        ({"height": -1}, "height must be a number above 0, not -1"),
        ({"height": 1, "format": "glb"}, "height applies to a .blend"),
        ({"render": "maybe"}, 'render must be yes or no, not "maybe"'),
        ({"render": 3}, "render must be yes or no, not 3"),
        ({"optimize": "much"}, "optimize must be one of light, moderate, aggressive"),
        ({"optimize": "light", "kind": "world"}, "optimize applies to a model, not to a world"),
        ({"splats": "100k"}, "splats applies to a world, not to a model"),
        (
            {"collider": "solid", "kind": "world"},
            "collider must be one of auto, physics, visible, none",
        ),
        ({"camera": "no"}, "camera applies to a world, not to a model"),
        ({"output": "../lamp"}, 'output must be the name of a file, not "../lamp"'),
        ({"output": "/lamp"}, 'output must be the name of a file, not "/lamp"'),
        ({"output": ".mint-batch"}, "output must be the name of a file"),
        ({"output": "a/b.blend"}, "output must be the name of a file"),
        ({"output": "lamp.glb", "format": "blend"}, "output ends in .glb, which is not its format"),
        ({"max_credits": 0}, "max_credits must be a number above 0, not 0"),
        ({"id": ""}, "id must have 1 to 100 characters"),
        ({"id": True}, "id must be text, not true"),
        ({"meta": "a"}, 'meta must be an object, not "a"'),
        ({"x": "a"}, "unknown field x. Known fields: "),
    ],
)
def test_invalid_fields_are_refused(tmp_path: Path, values: dict[str, Any], sentence: str) -> None:
    """A value that is invalid or applies to the other kind is an error."""
    with pytest.raises(BadLineError, match=r"wishes.jsonl, line 1: ") as trouble:
        read_lines(_jsonl(tmp_path, {"prompt": "a lamp", **values}))
    assert sentence in str(trouble.value)


def test_a_bad_line_of_objects_is_told_with_its_column(tmp_path: Path) -> None:
    """The column is that of the field as an editor counts, not of a name inside of `meta`."""
    file = tmp_path / "wishes.jsonl"
    lines = (
        '{"prompt": "a lamp"}',
        '  {"meta": {"preset": "a, \\"b\\": {"}, "prompt": "a lamp", "preset": "quick"}',
        '{"prompt": "a lamp" "preset": "fast"}',
        '{"prompt": "a lamp", "shade": 1}',
        '{"prompt": "a lamp", "image": "missing.png"}',
    )
    file.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(BadLineError) as error:
        read_lines(file)
    told = str(error.value).splitlines()
    assert [each.partition(":")[0] for each in told] == [
        f"wishes.jsonl, line {number}" for number in (2, 3, 4, 5)
    ]
    places = ('"preset": "quick"', '"preset"', '"shade"')
    columns = [line.index(place) + 1 for line, place in zip(lines[1:], places, strict=False)]
    assert [each.split(": ")[1] for each in told[:3]] == [f"column {each}" for each in columns]
    assert "missing.png" in told[3]


def test_all_bad_lines_are_told_at_once(tmp_path: Path) -> None:
    """Each with its line, and its column in a table; the number of them is limited."""
    table = tmp_path / "wishes.csv"
    table.write_text("prompt,preset\na,quick\nb,fast\nc,fast,d\ne,slow\n", encoding="utf-8")
    with pytest.raises(BadLineError) as trouble:
        read_lines(table)
    first, second, third = str(trouble.value).splitlines()
    assert first.startswith("wishes.csv, line 2: column 2: preset must be one of fast, standard")
    assert second.startswith(
        "wishes.csv, line 4: column 3: this line has more fields than the header."
    )
    assert third.startswith("wishes.csv, line 5: column 2: preset")
    with pytest.raises(BadLineError) as trouble:
        read_lines(_jsonl(tmp_path, *[{"prompt": "a", "preset": "quick"}] * 30))
    assert str(trouble.value).splitlines()[20:] == ["10 more lines are wrong."]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_table_of_a_spreadsheet(tmp_path: Path, delimiter: str) -> None:
    """Spreadsheets of many countries write semicolons; tabs are understood, too."""
    table = tmp_path / "wishes.csv"
    rows = [["prompt", "height"], ["a lamp, orange", "0.5"]]
    table.write_text("\n".join(delimiter.join(row) for row in rows), encoding="utf-8")
    (line,) = read_lines(table)
    assert (line.request.prompt, line.delivery.height) == ("a lamp, orange", 0.5)


def test_what_passes_through(tmp_path: Path) -> None:
    """Columns that begin with x_ and the members of `meta` change nothing else about a line."""
    (plain,) = read_lines(_jsonl(tmp_path, {"prompt": "a lamp"}))
    more = {"x_shot": "0010", "meta": {"asset": 7, "x_task": "prop"}, "max_credits": 300}
    (line,) = read_lines(_jsonl(tmp_path, {"prompt": "a lamp", "output": "lamp.glb", **more}))
    assert line.delivery.meta == (("x_asset", "7"), ("x_shot", "0010"), ("x_task", "prop"))
    assert (line.max_credits, line.title, line.suffix) == (300.0, "lamp", ".glb")
    assert line.tag.partition(".")[0] == plain.tag.partition(".")[0]


def test_an_id_tells_lines_apart(tmp_path: Path) -> None:
    """Equal lines with ids keep their tags and names wherever they stand."""
    one, two = {"prompt": "a lamp", "id": 1}, {"prompt": "a lamp", "id": "two"}
    before = read_lines(_jsonl(tmp_path, one, two))
    after = read_lines(_jsonl(tmp_path, {"prompt": "a mug"}, two, one))
    assert [(each.tag, each.title) for each in before] == [
        (each.tag, each.title) for each in (after[2], after[1])
    ]
    assert before[1].title == "two"
    with pytest.raises(BadLineError, match=r"line 2: column \d+: id two is that of line 1 already"):
        read_lines(_jsonl(tmp_path, two, two))


def test_render_does_not_change_the_tag(tmp_path: Path) -> None:
    """Changing `render` keeps the tag of a line, and with it its job."""
    (plain,) = read_lines(_jsonl(tmp_path, {"prompt": "a lamp"}))
    (rendered,) = read_lines(_jsonl(tmp_path, {"prompt": "a lamp", "render": "yes"}))
    (other,) = read_lines(_jsonl(tmp_path, {"prompt": "a lamp", "height": 2}))
    assert plain.tag == rendered.tag != other.tag


def test_a_text_has_the_lines_of_the_file(tmp_path: Path) -> None:
    """The same prompts with the same settings are the same lines, in Blender and in a file."""
    text = "a lamp\n\n  a mug \u2028 blue\t\na lamp\n"
    (tmp_path / "wishes.txt").write_text(text, encoding="utf-8")
    lines = lines_of_text(text, lambda prompt: {"prompt": prompt})
    assert lines == read_lines(tmp_path / "wishes.txt")
    assert [line.number for line in lines] == [1, 3, 4]
    assert lines_of_text(" \n", lambda prompt: {"prompt": prompt}) == []


def test_the_first_line_that_mint_would_refuse() -> None:
    """It is found before anything is started, also when it is no valid Unicode."""
    lines = lines_of_text("a lamp\na \ud800\n" + "x" * 8001, lambda prompt: {"prompt": prompt})
    number, sentence = first_complaint(lines)
    assert number == 2 and "invalid characters" in sentence
    assert first_complaint(lines[:1]) is None


def _jsonl(folder: Path, *lines: dict[str, Any]) -> Path:
    path = folder / "wishes.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    return path
