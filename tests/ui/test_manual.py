# SPDX-License-Identifier: GPL-3.0-or-later
"""Links of the add-on to its manual: F1 on our buttons, and the buttons called Manual."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

import mint_blender  # noqa: E402
from mint_blender.ui.account import panel  # noqa: E402
from mint_blender.ui.manual import links as manual  # noqa: E402
from mint_blender.ui.manual.links import PAGES  # noqa: E402

from .drawings import calls_of  # noqa: E402

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
    for pattern, target in PAGES:
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
    assert reached == {SITE + manual._file(page) for _, page in PAGES}


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
