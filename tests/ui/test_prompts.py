# SPDX-License-Identifier: GPL-3.0-or-later
"""Earlier prompts, examples, texts and style presets beside the prompt."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.jobs.job_values import Delivery  # noqa: E402
from mint_blender.jobs.new_jobs import new_fetch  # noqa: E402
from mint_blender.jobs.service import JobService  # noqa: E402
from mint_blender.ui.create import prompt_operators, properties, saved_settings  # noqa: E402

from ..jobs.library_helpers import an_asset  # noqa: E402
from .sample_jobs import a_job  # noqa: E402


@pytest.fixture
def form(job_service: JobService) -> Any:
    """Return the form of the enabled add-on."""
    return bpy.context.window_manager.mint


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Use an empty folder for Blender's preferences, and return the file of the presets."""
    monkeypatch.setattr(bpy.utils, "user_resource", lambda kind, **more: str(tmp_path / kind))
    yield tmp_path / "CONFIG" / "mint_styles.json"


def add_job(job_service: JobService, prompt: str, **changes: Any) -> str:
    """Add a finished job with this prompt, and return its id."""
    (job,) = job_service.cache.add(a_job(prompt=prompt, now=time.time(), **changes))
    return job.id


def test_earlier_prompts_are_listed_once_newest_first(job_service: JobService, form: Any) -> None:
    """Also those of dismissed jobs; not those of downloads, which the user has not written."""
    prompt_operators.prepare()
    assert prompt_operators.earlier() == ()
    for prompt in ("a lamp", "a chair", " a lamp "):
        job_id = add_job(job_service, prompt)
    job_service.dismiss(job_id)
    job_service.cache.add(new_fetch(an_asset(1), Delivery(), now=time.time()))
    prompt_operators.prepare()
    assert prompt_operators.earlier() == ("a lamp", "a chair")


def test_the_journal_is_read_again_only_for_a_new_job(
    job_service: JobService, form: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form is drawn each second while a job runs."""
    read = []
    newest_jobs = job_service.journal.newest_jobs
    monkeypatch.setattr(
        job_service.journal, "newest_jobs", lambda most: read.append(most) or newest_jobs(most)
    )
    for _ in range(3):
        prompt_operators.prepare()
    assert len(read) == 1
    add_job(job_service, "a lamp")
    prompt_operators.prepare()
    assert len(read) == 2 and prompt_operators.earlier() == ("a lamp",)


def test_an_unsent_prompt_is_not_lost(form: Any) -> None:
    """What stood in the form can be chosen again, and a text no longer counts."""
    form.prompt, form.text = "a lamp, unfinished", bpy.data.texts.new("Words")
    bpy.ops.mint.choose_prompt(prompt="a chair")
    assert (form.prompt, form.text) == ("a chair", None)
    assert prompt_operators.earlier() == ("a lamp, unfinished",)


def test_a_prompt_becomes_a_text(form: Any) -> None:
    """The text holds what was typed, is used as the prompt, and another one can be chosen."""
    form.prompt = "a lamp"
    bpy.ops.mint.write_prompt()
    assert form.text.as_string().strip() == "a lamp"
    form.text.write(" of glass")
    assert properties.request_of(form).prompt == "a lamp of glass"
    other = bpy.data.texts.new("Other")
    other.write("a chair")
    assert bpy.ops.mint.use_text(text="Other") == {"FINISHED"}
    assert properties.request_of(form).prompt == "a chair"
    assert bpy.ops.mint.use_text(text="no such text") == {"CANCELLED"}


@pytest.mark.parametrize(
    ("prompt", "style", "sent"),
    [
        ("a lamp", "", "a lamp"),
        ("a lamp", "low poly", "a lamp, low poly"),
        ("A lamp.", "low poly", "A lamp. low poly"),
        ("a lamp, low poly", "low poly", "a lamp, low poly"),
        ("", "low poly", ""),
    ],
)
def test_the_style_is_part_of_the_prompt(form: Any, prompt: str, style: str, sent: str) -> None:
    """Nothing is added without a style, without a prompt, or twice."""
    assert form.style == "", "none is chosen by default"
    form.prompt, form.style = prompt, style
    assert properties.request_of(form).prompt == sent


def test_the_style_counts_in_the_length(form: Any) -> None:
    """A prompt that is too long only with its style is refused before anything is sent."""
    form.prompt, form.style = "x" * 7998, ""
    assert properties.complaint(form) is None
    form.style = "low poly"
    assert "8008 characters" in str(properties.complaint(form))


@pytest.mark.parametrize("name", saved_settings._SAVED)
def test_each_setting_is_kept(form: Any, name: str) -> None:
    """It is there again after another file was opened."""
    known = form.bl_rna.properties[name]
    other = {
        "BOOLEAN": lambda: not getattr(form, name),
        "ENUM": lambda: known.enum_items[-1].identifier,
        "FLOAT": lambda: 2.5,
        "STRING": lambda: "low poly",
    }[known.type]()
    before = getattr(form, name)
    setattr(form, name, other)
    saved_settings.save(form)
    form.property_unset(name)
    assert getattr(form, name) == before != other
    saved_settings.restore()
    assert getattr(form, name) == other


def test_style_presets_are_kept_in_a_file(form: Any, config: Path) -> None:
    """It is written at the first change; presets can be added, renamed, changed and removed."""
    prompt_operators.prepare()
    assert prompt_operators.known() == prompt_operators.FIRST and not config.exists()
    bpy.ops.mint.save_style(name="Ink", words="black ink on paper")
    bpy.ops.mint.use_style(words="black ink on paper")
    assert form.style == "black ink on paper"
    bpy.ops.mint.save_style(name="Pen", words="blue ink", instead_of="Ink")
    assert form.style == "blue ink", "the form keeps to its preset"
    bpy.ops.mint.remove_style(name="Clay")
    names = [each["name"] for each in json.loads(config.read_text(encoding="utf-8"))]
    assert names == ["Low Poly", "Pen", "Realistic", "Stylized"]
    assert [each.name for each in prompt_operators.known()] == names


def test_a_damaged_file_of_presets_is_kept(form: Any, config: Path) -> None:
    """A change is refused with the name of the file, which stays as it is."""
    config.parent.mkdir()
    config.write_text("[", encoding="utf-8")
    prompt_operators.prepare()
    assert prompt_operators.known() == prompt_operators.FIRST
    with pytest.raises(RuntimeError, match="cannot be read"):
        bpy.ops.mint.save_style(name="Ink", words="black ink")
    assert config.read_text(encoding="utf-8") == "["


@pytest.mark.parametrize("words", ["", "  "])
def test_a_preset_needs_a_name_and_words(form: Any, config: Path, words: str) -> None:
    """Nothing is written without both."""
    with pytest.raises(RuntimeError, match="Enter a name"):
        bpy.ops.mint.save_style(name="Ink", words=words)
    assert not config.exists()
