# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the extension repository that a web server offers, as Blender writes and reads it."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from html import unescape
from pathlib import Path

import pytest

from scripts import package, release
from scripts.packaging import archive, blender_tool, draco_wheels, repository, zip_writer
from scripts.packaging.errors import PackageError

pytestmark = pytest.mark.blender


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Return a folder with files that are named like the wheels of DracoPy."""
    folder = tmp_path_factory.mktemp("wheels")
    for python in draco_wheels.PYTHONS:
        tag = f"cp{python.replace('.', '')}"
        for names in draco_wheels.PLATFORMS.values():
            (folder / f"dracopy-2.0.0-{tag}-{tag}-{names[0]}.whl").write_bytes(b"wheel")
    return folder


@pytest.fixture(scope="module")
def written(wheels, tmp_path_factory):
    """Return a repository that the command has written."""
    folder = tmp_path_factory.mktemp("web") / "repository"
    assert run(folder, wheels) == 0
    return folder


@pytest.fixture
def quickly(monkeypatch):
    """Leave out the validation, which the fixture `written` has shown."""
    monkeypatch.setattr(blender_tool, "validate", lambda archive, tool: None)


def run(folder: Path, wheels: Path) -> int:
    """Run the command without compression, and return its exit status."""
    return package.main(["--repository", str(folder), "--wheels", str(wheels), "--stored"])


def links(folder: Path) -> list[str]:
    """Return the links of the page that are to be dropped onto Blender."""
    text = (folder / "index.html").read_text(encoding="utf-8")
    return [unescape(each) for each in re.findall(r'class="install" href="([^"]+)"', text)]


def test_the_repository_has_an_archive_for_all_and_one_for_each_platform(written):
    """Blender's index lists them with platforms, Pythons, sizes and checksums that are right."""
    (universal,) = repository.listing(written)["data"]
    assert "platforms" not in universal and "python_versions" not in universal
    with_draco = repository.listing(written / "draco")["data"]
    assert [entry["platforms"] for entry in with_draco] == [
        [platform] for platform in draco_wheels.PLATFORMS
    ]
    for entry, folder in [
        (universal, written),
        *((each, written / "draco") for each in with_draco),
    ]:
        data = (folder / entry["archive_url"]).read_bytes()
        assert entry["id"] == "mint_blender" and entry["version"] == archive.version()
        assert entry["archive_hash"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
        assert entry["archive_size"] == len(data)
    assert {tuple(entry["python_versions"]) for entry in with_draco} == {draco_wheels.PYTHONS}


def test_each_archive_with_draco_has_the_wheels_of_its_platform(written):
    """An archive has only the wheels that its platform can use."""
    for platform, names in draco_wheels.PLATFORMS.items():
        (path,) = (written / "draco").glob(f"*-draco-{platform}.zip")
        with zipfile.ZipFile(path) as opened:
            manifest = tomllib.loads(opened.read("blender_manifest.toml").decode())
            inside = [name for name in opened.namelist() if name.startswith("wheels/")]
        assert manifest["platforms"] == [platform]
        assert inside == [name.removeprefix("./") for name in manifest["wheels"]]
        assert len(inside) == len(draco_wheels.PYTHONS)
        assert all(names[0] in name for name in inside)


def test_the_links_of_the_page_can_be_dropped_onto_blender(written):
    """Blender finds archive, repository and requirements in each link, as in those that it writes."""
    tool = blender_tool.find_tool()
    assert tool is not None
    utilities = Path(tool[1]).parents[1] / "bl_extension_utils.py"
    spec = importlib.util.spec_from_file_location("bl_extension_utils", utilities)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = []
    for link in links(written):
        address = f"https://mint.example/some/folder/{link.removeprefix('./')}"
        url, told = module.url_parse_for_blender(address)
        path = url.removeprefix("https://mint.example/some/folder/")
        assert (written / path).is_file()
        index = told["repository"].removeprefix("https://mint.example/some/folder/")
        assert (written / index) == (written / path).parent / "index.json"
        assert told["blender_version_min"] == "4.2.0"
        found.append((told.get("platforms"), told.get("python_versions")))
    assert found == [(None, None), *((each, "3.11,3.13") for each in draco_wheels.PLATFORMS)]


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
    kept, new = tmp_path / "mint_blender-0.1.zip", tmp_path / "draco" / "mint_blender-0.2.zip"
    new.parent.mkdir()
    kept.write_bytes(b"damaged")
    new.write_bytes(b"unlisted")
    sums = [f"{'a' * 64}  {kept.name}", f"{'b' * 64}  mint_blender-0.0.zip", "what is this?"]
    (tmp_path / "SHA256SUMS").write_text("\n".join(sums))
    assert repository._earlier_checksums(tmp_path) == {
        kept.name: "a" * 64,
        f"draco/{new.name}": hashlib.sha256(b"unlisted").hexdigest(),
    }


def test_blender_and_compression_are_looked_for_before_the_download(tmp_path, monkeypatch, capsys):
    """What is missing is said before 31 MB of wheels are downloaded."""
    downloaded: list[Path] = []
    monkeypatch.setattr(draco_wheels, "download", downloaded.append)
    monkeypatch.setattr(zip_writer, "can_compress", lambda: False)
    assert package.main(["--repository", str(tmp_path / "new")]) == 1
    assert "or --stored" in capsys.readouterr().err
    monkeypatch.setattr(blender_tool, "find_tool", lambda: None)
    assert package.main(["--repository", str(tmp_path / "new")]) == 1
    assert "Install Blender" in capsys.readouterr().err
    with pytest.raises(PackageError, match="Install Blender"):
        release.write(tmp_path / "release", None)
    assert downloaded == [] and list(tmp_path.glob("*/*")) == []


def test_the_same_files_make_the_same_repository(written, wheels, tmp_path, quickly):
    """Written twice, every file is equal, the index and the page included."""
    assert run(tmp_path, wheels) == 0
    assert (tmp_path / "SHA256SUMS").read_bytes() == (written / "SHA256SUMS").read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_a_published_archive_is_not_replaced(wheels, tmp_path, capsys, monkeypatch, quickly):
    """Other contents under a version that exists are refused, and nothing is changed."""
    assert run(tmp_path, wheels) == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    files = archive.contents
    monkeypatch.setattr(
        archive, "contents", lambda *given: {**files(*given), "new.py": b"# changed"}
    )
    assert run(tmp_path, wheels) == 1
    assert "raise the version" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_next_version_keeps_the_archives_of_the_last_one(wheels, tmp_path, monkeypatch, quickly):
    """The index has the new version only; a Blender with the old index still finds its archive."""
    assert run(tmp_path, wheels) == 0
    old = archive.version()
    text = archive.manifest().replace(f'version = "{old}"', 'version = "99.0.0"')
    monkeypatch.setattr(archive, "manifest", lambda: text)
    monkeypatch.setattr(archive, "version", lambda: "99.0.0")
    assert run(tmp_path, wheels) == 0
    for folder in (tmp_path, tmp_path / "draco"):
        assert {entry["version"] for entry in repository.listing(folder)["data"]} == {"99.0.0"}
    assert (tmp_path / f"mint_blender-{old}.zip").is_file()
    checksums_are_right(tmp_path)
    assert old not in json.dumps(links(tmp_path))


def test_without_blender_it_says_what_to_install(wheels, tmp_path):
    """A Python without bpy, and no Blender: exit status 1 and a sentence, no traceback."""
    command = [sys.executable, "-I", "-S", "scripts/package.py", "--stored"]
    command += ["--repository", str(tmp_path / "new"), "--wheels", str(wheels)]
    done = subprocess.run(
        command,
        cwd=archive.ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Install Blender" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "new").exists()


def test_wheels_that_fit_nowhere_are_refused(tmp_path):
    """A folder without fitting wheels is an error, and no repository is left behind."""
    with pytest.raises(PackageError, match="None of the wheels"):
        repository.write(
            tmp_path / "new", [Path("dracopy-1-cp27-cp27-win32.whl")], compressed=False
        )
    assert list((tmp_path / "new").iterdir()) == []
