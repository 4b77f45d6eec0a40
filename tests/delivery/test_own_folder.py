# SPDX-License-Identifier: GPL-3.0-or-later
"""Which folder the user's asset library may have."""

from __future__ import annotations

from pathlib import Path

from mint_blender.delivery.asset_library import own_folder
from mint_blender.delivery.asset_library.manifest import FILE_NAME


def test_it_is_inside_of_blenders_own_library(tmp_path: Path) -> None:
    """That one is in the user's documents, whatever their language calls them."""
    users = tmp_path / "Dokumente" / "Blender" / "Assets"
    assert own_folder.default_folder([tmp_path / "Other", users], tmp_path) == users / "Mint"
    fallback = tmp_path / "Documents" / "Blender" / "Assets" / "Mint"
    assert own_folder.default_folder([], tmp_path) == fallback


def test_it_is_a_folder_of_its_own(tmp_path: Path) -> None:
    """Neither the home folder, nor what contains it, nor the documents, nor a file."""
    documents = tmp_path / "Documents"
    documents.mkdir()
    (documents / "letter.txt").write_text("Dear …")
    for folder in (tmp_path, tmp_path.parent, Path("/"), documents, documents / "letter.txt"):
        assert own_folder.complaint(folder, tmp_path), folder
    assert own_folder.complaint(Path("relative"), tmp_path)


def test_a_new_folder_or_an_earlier_library_is_accepted(tmp_path: Path) -> None:
    """Also directly in the home folder."""
    assert own_folder.complaint(own_folder.default_folder([], tmp_path), tmp_path) is None
    library = tmp_path / "Mint"
    assert own_folder.complaint(library, tmp_path) is None
    library.mkdir()
    (library / FILE_NAME).write_text("")
    assert own_folder.complaint(library, tmp_path) is None
