# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual and the skill for agents: links to their pages, and what they say of operators."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import mint_blender

from ..code import skill_file

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind
from mint_blender.ui import session
from mint_blender.ui.account import panel
from mint_blender.ui.manual import links as manual
from scripts.reference_pages import operators, preferences, ways

from .drawings import calls_of

ROOT = Path(__file__).resolve().parents[2]
SITE = "https://manual.example/mint/"


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A manifest that names a website, and the registered add-on."""
    monkeypatch.setattr(manual, "website", lambda: SITE)
    mint_blender.register()
    yield
    mint_blender.unregister()


def lookup(name: str) -> str | None:
    """Return the address that Blender opens for a button."""
    from bl_operators import wm

    reference = wm._wm_doc_get_id(name, do_url=False)
    return wm.WM_OT_doc_view_manual._lookup_rna_url(reference, verbose=False)


def addresses(draw: Any, *more: Any) -> list[str]:
    """Draw, and return the addresses of the buttons that open one."""
    return [call[1] for call in calls_of(draw, *more) if call[0] == "url ="]


def test_each_page_and_anchor_exists() -> None:
    """Every page is a file of the manual, and every anchor a heading in it."""
    for pattern, target in ((name, page) for page, names in manual.PAGES.items() for name in names):
        page, _, anchor = target.partition("#")
        text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
        headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
        anchors = {re.sub(r"\W+", "-", each.lower()).strip("-") for each in headings}
        assert not anchor or anchor in anchors, (pattern, target)
        assert pattern == pattern.lower(), "Blender compares names in lower case"


def test_every_pattern_fits_something(published: None) -> None:
    """No pattern is left over from a name that has gone, or is hidden by one before it."""
    types = ("MintForm", "MintReference", "MintLibrary")
    groups = [bpy.types.PropertyGroup.bl_rna_get_subclass_py(name) for name in types]
    names = [f"mint.{name}" for name in dir(bpy.ops.mint)]
    names += [
        f"{name}.{key}"
        for name, group in zip(types, groups, strict=True)
        for key in group.__annotations__
        if key != "name"  # Blender's own: it looks it up as `PropertyGroup.name`
    ]
    reached = {lookup(name) for name in names}
    assert reached == {SITE + manual._file(page) for page in manual.PAGES}


def test_blender_finds_the_page_of_a_button(published: None) -> None:
    """F1 on a button or a field leads to its subject; Blender's own buttons stay with Blender."""
    assert lookup("mint.approve") == f"{SITE}blender/review.html#decide"
    assert lookup("mint.show_preview") == f"{SITE}blender/review.html"
    assert lookup("MintForm.prompt") == f"{SITE}start/first-model.html"
    assert lookup("mesh.primitive_cube_add").startswith("https://docs.blender.org/")


def test_the_language_of_the_interface_has_its_own_pages(
    published: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manual in another language is in a folder below the English one."""
    monkeypatch.setattr(manual, "spoken", lambda: "de")
    assert lookup("mint.approve") == f"{SITE}de/blender/review.html#decide"
    assert addresses(manual.draw, "costs") == [f"{SITE}de/costs.html"]


def test_the_empty_panel_leads_to_the_manual(
    published: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has no key finds the page that says how to get one."""
    monkeypatch.setattr(panel, "wrapped", lambda *words: None)  # it needs a region
    assert f"{SITE}start/api-key.html" in addresses(panel.draw)


def test_without_a_website_there_is_no_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until somebody publishes the manual, no button leads to nothing."""
    monkeypatch.setattr(manual, "website", lambda: "")
    mint_blender.register()
    assert lookup("mint.approve") is None
    assert addresses(manual.draw) == []
    mint_blender.unregister()


def test_enabling_does_not_read_the_manifest() -> None:
    """It is read on the first use, and once."""
    manual.website.cache_clear()
    mint_blender.register()
    assert manual.website.cache_info().currsize == 0
    mint_blender.unregister()
    assert manual.online_manual not in bpy.utils._manual_map
    manual.unregister()  # as after a `register` that failed: nothing happens


def test_only_an_address_counts() -> None:
    """What is no https address is ignored."""
    assert manual.address("https://manual.example") == "https://manual.example/"
    assert manual.address("https://manual.example/mint/") == "https://manual.example/mint/"
    others = ("http://manual.example", "javascript:alert(1)", "", None, ["https://manual.example"])
    assert [manual.address(each) for each in others] == [""] * len(others)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('id = "mint_blender"\nwebsite = "https://manual.example"', "https://manual.example/"),
        ('id = "mint_blender"', ""),
        ('id = "another"\nwebsite = "https://manual.example"', ""),
        ("id =", ""),
    ],
)
@pytest.mark.parametrize("folder", ["mint_blender", "."], ids=["extension", "clone"])
def test_the_website_comes_from_the_manifest(
    text: str, expected: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest is in the package of an extension, and beside it in a clone."""
    module = tmp_path / "mint_blender" / "ui" / "manual" / "links.py"
    module.parent.mkdir(parents=True)
    (tmp_path / folder / "blender_manifest.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(manual, "__file__", str(module))
    assert manual.website.__wrapped__() == expected


REFERENCE = ROOT / "docs" / "reference"
AGAIN = "Run `python3 scripts/dev.py docs --write` and commit docs/reference/."


@pytest.mark.parametrize("module", [operators, preferences])
def test_the_committed_page_matches_the_code(registered: None, module: ModuleType) -> None:
    """Whoever changes an operator, an argument or a preference writes the page again."""
    name = module.__name__.rpartition(".")[2]
    assert module.page() == (REFERENCE / f"{name}.md").read_text(encoding="utf-8"), AGAIN


def test_every_operator_is_on_the_page(registered: None) -> None:
    """That is, each that Blender's search finds: the others are of use to buttons only."""
    page = operators.page()
    sections = re.findall(r"^### mint\.(\w+)$", page, re.MULTILINE)
    classes = {name: getattr(bpy.types, f"MINT_OT_{name}") for name in dir(bpy.ops.mint)}
    found = {
        name for name, each in classes.items() if "INTERNAL" not in getattr(each, "bl_options", ())
    }
    assert set(sections) == found and len(sections) == len(found) < len(classes)
    assert "| `prompt` | `str` | `''` |" in page
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert set(headings) <= set(operators.TOPICS.values()), "none is a package of the code"


def test_the_page_of_what_each_way_in_can_do(registered: None) -> None:
    """It is as the code says, and each gap has a reason."""
    page = (ROOT / "docs" / "reference" / "ways.md").read_text(encoding="utf-8")
    assert page == ways.page()


# what `interface.md` promises to scripts
FOR_SCRIPTS = {
    "generate", "approve", "revise", "resume", "retry", "cancel", "dismiss", "place", "optimize",
    "import_asset", "refresh_library", "refresh_account", "copy_report", "copy_diagnostics",
}  # fmt: skip


def properties(name: str) -> Any:
    """Return the properties of an operator. Raises KeyError if there is no such operator."""
    return getattr(bpy.ops.mint, name).get_rna_type().properties


def test_each_operator_has_these_arguments(registered: None) -> None:
    """Every keyword is a property, and every word of an enum is one of its items."""
    called = skill_file.operator_calls()
    assert {name for name, _ in called} >= FOR_SCRIPTS
    for name, call in called:
        known = properties(name)
        for keyword in call.keywords:
            assert keyword.arg in known.keys(), f"{name}({keyword.arg})"
            if known[keyword.arg].type == "ENUM":
                value = ast.literal_eval(keyword.value)
                words = value if isinstance(value, set) else {value}
                assert words <= set(known[keyword.arg].enum_items.keys()), f"{name}({words})"


def test_each_operator_in_the_table_of_prices_exists(registered: None) -> None:
    """The table says of each operator whether it costs Credits."""
    table = skill_file.body().split("| costs Credits |")[1].split("\n\n")[0]
    for name in re.findall(r"`(\w+)`", table):
        properties(name)


def test_the_code_finds_it_and_lists_jobs(
    registered: None, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The code of "Start" and "Wait" runs as it stands."""
    addon = bpy.context.preferences.addons.new()
    addon.module = "mint_blender"
    session.close_service()
    job = new_job(GenerationRequest(Kind.MODEL, "a lamp"), Delivery(), now=1.0)
    session.service().cache.add(job)
    names: dict[str, Any] = {}
    exec(skill_file.code_block("sys.modules"), names)
    assert names["mint"] is mint_blender
    exec(skill_file.code_block("jobs"), names)
    assert capsys.readouterr().out.startswith(f"{job.id} waiting ")
