# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the extension repository that a web server offers, as Blender writes and reads it."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from html import unescape
from pathlib import Path

import pytest

from scripts import package, release
from scripts.packaging import archive, blender_tool, repository, zip_writer
from scripts.packaging.errors import PackageError

pytestmark = pytest.mark.blender


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return a repository that the command has written."""
    folder = tmp_path_factory.mktemp("web") / "repository"
    assert run(folder) == 0
    return folder


@pytest.fixture
def quickly(monkeypatch):
    """Leave out the validation, which the fixture `written` has shown."""
    monkeypatch.setattr(blender_tool, "validate", lambda archive, tool: None)


def run(folder: Path) -> int:
    """Run the command without compression, and return its exit status."""
    return package.main(["--repository", str(folder), "--stored"])


def links(folder: Path) -> list[str]:
    """Return the links of the page that are to be dropped onto Blender."""
    text = (folder / "index.html").read_text(encoding="utf-8")
    return [unescape(each) for each in re.findall(r'class="install" href="([^"]+)"', text)]


def test_the_repository_has_one_archive_for_all_systems(written):
    """Blender's index lists it with a size and a checksum that are right."""
    (entry,) = repository.listing(written)["data"]
    assert "platforms" not in entry and "python_versions" not in entry
    data = (written / entry["archive_url"]).read_bytes()
    assert entry["id"] == "mint_blender" and entry["version"] == archive.version()
    assert entry["archive_hash"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert entry["archive_size"] == len(data)


def test_the_link_of_the_page_can_be_dropped_onto_blender(written):
    """Blender finds archive, repository and requirements in it, as in those that it writes."""
    tool = blender_tool.find_tool()
    assert tool is not None
    utilities = Path(tool[1]).parents[1] / "bl_extension_utils.py"
    spec = importlib.util.spec_from_file_location("bl_extension_utils", utilities)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (link,) = links(written)
    address = f"https://mint.example/some/folder/{link.removeprefix('./')}"
    url, told = module.url_parse_for_blender(address)
    path = url.removeprefix("https://mint.example/some/folder/")
    assert (written / path).is_file()
    assert told["repository"] == "https://mint.example/some/folder/index.json"
    assert told["blender_version_min"] == "4.2.0"


def test_the_checksums_are_those_of_all_files(written):
    """`SHA256SUMS` has a line for each file, in the format of sha256sum."""
    checksums_are_right(written)


def checksums_are_right(folder: Path) -> None:
    """Check that the file has the sum of each file in the folder, and no other line."""
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    assert lines == sorted(lines, key=lambda line: line.split("  ")[1])
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "SHA256SUMS"]
    assert listed == {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_the_sum_of_an_archive_stays_as_it_was_published(tmp_path):
    """An earlier archive that was damaged, is gone or was never listed; other lines are ignored."""
    kept, new = tmp_path / "mint_blender-0.1.zip", tmp_path / "mint_blender-0.2.zip"
    kept.write_bytes(b"damaged")
    new.write_bytes(b"unlisted")
    sums = [f"{'a' * 64}  {kept.name}", f"{'b' * 64}  mint_blender-0.0.zip", "what is this?"]
    (tmp_path / "SHA256SUMS").write_text("\n".join(sums))
    assert repository._earlier_checksums(tmp_path) == {
        kept.name: "a" * 64,
        new.name: hashlib.sha256(b"unlisted").hexdigest(),
    }


def test_without_blender_or_compression_nothing_is_written(tmp_path, monkeypatch, capsys):
    """What is missing is said first."""
    monkeypatch.setattr(zip_writer, "can_compress", lambda: False)
    assert package.main(["--repository", str(tmp_path / "new")]) == 1
    assert "or --stored" in capsys.readouterr().err
    monkeypatch.setattr(blender_tool, "find_tool", lambda: None)
    assert package.main(["--repository", str(tmp_path / "new")]) == 1
    assert "Install Blender" in capsys.readouterr().err
    with pytest.raises(PackageError, match="Install Blender"):
        release.write(tmp_path / "release")
    assert list(tmp_path.glob("*/*")) == []


def test_the_same_files_make_the_same_repository(written, tmp_path, quickly):
    """Written twice, every file is equal, the index and the page included."""
    assert run(tmp_path) == 0
    assert (tmp_path / "SHA256SUMS").read_bytes() == (written / "SHA256SUMS").read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_a_published_archive_is_not_replaced(tmp_path, capsys, monkeypatch, quickly):
    """Other contents under a version that exists are refused, and nothing is changed."""
    assert run(tmp_path) == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    files = archive.contents
    monkeypatch.setattr(archive, "contents", lambda: {**files(), "new.py": b"# changed"})
    assert run(tmp_path) == 1
    assert "raise the version" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_next_version_keeps_the_archives_of_the_last_one(tmp_path, monkeypatch, quickly):
    """The index has the new version only; a Blender with the old index still finds its archive."""
    assert run(tmp_path) == 0
    old = archive.version()
    text = archive.manifest().replace(f'version = "{old}"', 'version = "99.0.0"')
    monkeypatch.setattr(archive, "manifest", lambda: text)
    monkeypatch.setattr(archive, "version", lambda: "99.0.0")
    assert run(tmp_path) == 0
    assert [entry["version"] for entry in repository.listing(tmp_path)["data"]] == ["99.0.0"]
    assert (tmp_path / f"mint_blender-{old}.zip").is_file()
    checksums_are_right(tmp_path)
    assert old not in json.dumps(links(tmp_path))
