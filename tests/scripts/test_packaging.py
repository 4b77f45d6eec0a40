# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the extension archive, its writer and the pip package, also with Blender's validator."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
from packaging.metadata import Metadata

from scripts.packaging import archive, blender_tool, pip_package, zip_writer
from scripts.packaging.errors import PackageError

ROOT = Path(__file__).resolve().parents[2]


def test_the_same_files_make_identical_archives(tmp_path):
    """The dates and modes of the files have no effect."""
    first = archive.build(tmp_path / "one", compressed=False)
    later = time.time() - 86_400
    copy = tmp_path / "copy"
    shutil.copytree(
        ROOT / "mint_blender", copy / "mint_blender", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(
        ROOT / "scripts", copy / "scripts", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("blender_manifest.toml", "LICENSE", "pyproject.toml"):
        shutil.copy(ROOT / name, copy / name)
    for path in copy.rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            os.utime(path, (later, later))
    (copy / "mint_blender" / "__pycache__").mkdir()
    (copy / "mint_blender" / "__pycache__" / "left.cpython-311.pyc").write_bytes(b"left over")
    subprocess.run(
        [sys.executable, "-I", copy / "scripts" / "package.py", "--stored", "-o", tmp_path / "two"],
        check=True,
        capture_output=True,
    )
    second = tmp_path / "two" / first.name
    assert first.read_bytes() == second.read_bytes()


def package(*words, code="pass"):
    """Run scripts/package.py with a Python that has no packages, after some code."""
    script = str(ROOT / "scripts" / "package.py")
    started = (
        f"import runpy, sys; sys.argv = {[script, *map(str, words)]}; {code};"
        f" runpy.run_path({script!r}, run_name='__main__')"
    )
    command = [sys.executable, "-I", "-S", "-c", started]
    # not what a `bpy` of this process has set for itself, such as the folder of its color profiles:
    # another Blender checks the archive
    ours = {name: value for name, value in os.environ.items() if name != "OCIO"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=ours)


def test_without_packages_the_archive_is_not_compressed(tmp_path):
    """The output says so; the files in it are those of a compressed archive."""
    done = package("-o", tmp_path / "bare")
    assert done.returncode == 0, done.stderr
    assert "Not compressed, since this Python does not have the package deflate." in done.stdout
    (bare,) = (tmp_path / "bare").iterdir()
    assert bare.read_bytes() == archive.build(tmp_path, compressed=False).read_bytes()
    smaller = archive.build(tmp_path / "small")
    assert smaller.stat().st_size < bare.stat().st_size / 2
    with zipfile.ZipFile(bare) as one, zipfile.ZipFile(smaller) as other:
        assert {name: one.read(name) for name in one.namelist()} == {
            name: other.read(name) for name in other.namelist()
        }


def test_an_old_python_is_told_which_one_is_needed(tmp_path):
    """The first lines can be read by old Pythons, and they name the versions that work."""
    source = (ROOT / "scripts" / "package.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 7))
    assert "from __future__" not in source, "Python 3.6 knows no such annotations"
    code = "sys.version_info = (3, 10, 14, 'final', 0); sys.modules['tomllib'] = None"
    done = package("-o", tmp_path / "new", code=code)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "scripts/package.py needs Python 3.11 or newer; this is 3.10."
        " Try: python3.11 scripts/package.py\n"
    )
    assert not (tmp_path / "new").exists()


def test_the_archive_has_the_expected_layout(tmp_path):
    """Manifest and package are at the root, with the modules for Blender and no temporary files."""
    written = archive.build(tmp_path, compressed=False)
    assert written.name == f"mint_blender-{archive.version()}.zip"
    with zipfile.ZipFile(written) as opened:
        names = opened.namelist()
        assert opened.testzip() is None
    modules = {
        path.relative_to(ROOT / "mint_blender").as_posix()
        for path in (ROOT / "mint_blender").rglob("*.py")
        if "mcp_server" not in path.parts
    }
    assert {"blender_manifest.toml", "LICENSE", "__init__.py"} <= set(names)
    assert {name for name in names if name.endswith(".py")} == modules
    assert names == sorted(names)
    assert not [
        name
        for name in names
        if "__pycache__" in name
        or name.startswith(("mint_blender/", "tests/", "scripts/", "/", "."))
    ]


def test_translations_are_compiled(tmp_path):
    """The archive has one table per language and no source files of translations."""
    with zipfile.ZipFile(archive.build(tmp_path, compressed=False)) as opened:
        names = opened.namelist()
        german = json.loads(opened.read("ui/translations/de.json"))
        japanese = json.loads(opened.read("ui/translations/ja.json"))
    assert not [name for name in names if name.endswith((".po", ".pot"))]
    assert german["Cancel"] == "Abbrechen"
    assert german.keys() == japanese.keys()
    assert len(german) > 500


@pytest.fixture(scope="module")
def pip_packages(tmp_path_factory):
    """Return the source distribution, and the wheel that was built from it."""
    return pip_package.build(tmp_path_factory.mktemp("python"))


def test_the_pip_package_has_every_module(pip_packages):
    """The wheel has every module, the mark of typed packages, and the command `mint-blender`."""
    with zipfile.ZipFile(pip_packages[1]) as opened:
        names = set(opened.namelist())
        (entry_points,) = [
            opened.read(name).decode() for name in names if name.endswith("entry_points.txt")
        ]
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "mint_blender").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == modules
    assert "mint_blender/py.typed" in names
    assert "mint-blender = mint_blender.cli:main" in entry_points


def test_the_metadata_of_the_pip_package_is_valid(pip_packages):
    """An index accepts the metadata; the README is the description, and Blender is an extra."""
    written = pip_package.metadata(pip_packages[1])
    checked = Metadata.from_email(written, validate=True)
    assert checked.name == "mint-blender" and str(checked.version) == archive.version()
    assert checked.license_expression == "GPL-3.0-or-later"
    assert "bpy" in checked.provides_extra
    assert checked.description_content_type == "text/markdown"
    assert checked.description.startswith("# Mint for Blender")


def test_the_source_distribution_has_what_its_wheel_needs(pip_packages):
    """It has the package, the manifest and the texts, and neither tests nor files of a clone."""
    with tarfile.open(pip_packages[0]) as opened:
        names = {name.split("/", 2)[1] for name in opened.getnames() if "/" in name}
    assert names >= {"mint_blender", "pyproject.toml", "README.md", "LICENSE", "PKG-INFO"}
    assert not names & {"tests", "scripts", "build", "dist", ".git"}


def test_different_versions_are_rejected(tmp_path, monkeypatch):
    """Different versions in manifest and pyproject.toml stop the build of the archive."""
    (tmp_path / "blender_manifest.toml").write_text('version = "1.0.0"')
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "2.0.0"')
    monkeypatch.setattr(archive, "ROOT", tmp_path)
    with pytest.raises(PackageError, match=r"1\.0\.0.*2\.0\.0"):
        archive.build(tmp_path / "dist")
    assert not (tmp_path / "dist").exists()


@pytest.mark.blender
def test_blenders_validator_accepts_the_archive(tmp_path):
    tool = blender_tool.find_tool()
    assert tool is not None
    blender_tool.validate(archive.build(tmp_path, compressed=False), tool)


@pytest.mark.blender
def test_blenders_validator_rejects_an_invalid_manifest(tmp_path):
    """The error contains the validator's own message."""
    files = archive.contents()
    text = files["blender_manifest.toml"].decode().replace('"3D View"', '"AI"')
    files["blender_manifest.toml"] = text.encode()
    bad_archive = tmp_path / "bad.zip"
    zip_writer.write(bad_archive, files, compressed=False)
    tool = blender_tool.find_tool()
    assert tool is not None
    with pytest.raises(PackageError, match="validator refuses"):
        blender_tool.validate(bad_archive, tool)


LICENSE = (Path(__file__).parents[2] / "LICENSE").read_bytes()


def skewed() -> bytes:
    """Return bytes whose counts are Fibonacci numbers, which need the longest Huffman codes."""
    counts = [1, 1]
    while len(counts) < 22:
        counts.append(counts[-1] + counts[-2])
    data = b"".join(bytes([byte]) * count for byte, count in enumerate(counts))
    return bytes(random.Random(1).sample(data, len(data)))


def test_the_same_files_are_the_same_zip_on_any_machine(tmp_path):
    """The bytes are those that other Pythons and systems have written.

    Another version of the library may write others: then this sum changes, and an archive of an
    earlier commit is made again with the locks of that commit.
    """
    zip_writer.write(tmp_path / "some.zip", {"LICENSE": LICENSE * 2, "skewed": skewed()})
    written = (tmp_path / "some.zip").read_bytes()
    assert (
        hashlib.sha256(written).hexdigest()
        == "4213d5846b00545f20ad4f821ac6925947d69faef0997282192b34fd425c909e"
    )


def test_a_zip_of_compressed_files_can_be_read(tmp_path):
    """Python reads names, contents and modes; what does not get smaller is stored."""
    files = {
        "text.txt": LICENSE,
        "noise.bin": random.Random(3).randbytes(500),
        "empty": b"",
        "ü.txt": b"a" * 100,
    }
    zip_writer.write(tmp_path / "new" / "some.zip", files)
    with zipfile.ZipFile(tmp_path / "new" / "some.zip") as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in opened.namelist()} == files
        methods = {entry.filename: entry.compress_type for entry in opened.infolist()}
        modes = {entry.external_attr >> 16 for entry in opened.infolist()}
        dates = {entry.date_time for entry in opened.infolist()}
    stored = {name for name, method in methods.items() if method == zipfile.ZIP_STORED}
    assert stored == {"noise.bin", "empty"}
    assert modes == {0o100644} and dates == {(1980, 1, 1, 0, 0, 0)}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["some.zip"]
