# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that our check refuses: kept, status 7, and imported on request."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..files.build_glb import box_parts, pack
from .command_runner import RunMint

REFUSED = ("generate", "--prompt", "a lamp [external-buffer]", "--preset", "fast")


def refused_file(mint: RunMint) -> Path:
    """Return the path of the newest job's refused file from its sentence."""
    sentence = mint.jobs()[0]["trouble"]["message"]
    path = sentence.partition(" The file was kept at ")[2].partition(" Resume")[0]
    return Path(path.removesuffix("."))


@pytest.mark.covers("R-files-kept")
def test_a_refused_file_is_kept_and_nothing_is_started(mint: RunMint) -> None:
    """Status 7 names the path; resuming downloads again, deletes nothing and starts nothing."""
    ran = mint(*REFUSED)
    assert ran.status == 7
    file = refused_file(mint)
    assert file.read_bytes()[:4] == b"glTF" and str(file) in ran.error_text
    assert "generate again" not in ran.error_text and "at no cost" in ran.error_text
    for command in (("resume",), ("resume", mint.job)):
        again = mint(*command)
        assert again.status == 7
        assert file.is_file() and sorted(
            path.name for path in file.parent.iterdir() if "refused" in path.name
        ) == [file.name]
    assert len(mint.service.operations()) == 1


def test_a_glb_is_copied_without_an_import_check(mint: RunMint, tmp_path: Path) -> None:
    """With -o FILE.glb only incomplete files are refused, by `generate` as by `place`."""
    output, cut = tmp_path / "lamp.glb", str(tmp_path / "cut.glb")
    assert mint(*REFUSED, "-o", str(output)).status == 0
    assert b"uri" in output.read_bytes()
    for raw in (("--raw",), ()):
        mint(*REFUSED)
        kept = refused_file(mint)
        assert mint("place", mint.job, *raw, "-o", str(output), "--overwrite").status == 0
        assert output.read_bytes() == kept.read_bytes()
    prompt = "a lamp [bad-length]"
    assert mint("generate", "--prompt", prompt, "--preset", "fast", "-o", cut).status == 7
    ran = mint("place", mint.job, "--raw", "-o", cut)
    assert ran.status == 7 and "cut off" in ran.error_text
    assert not Path(cut).exists()
    mint("generate", "--prompt", "a lamp [file-404]", "--preset", "fast")
    ran = mint("place", mint.job, "--raw", "-o", cut)
    assert ran.status == 5 and "is not ready to place" in ran.error_text
    assert len(mint.service.operations()) == 5


@pytest.mark.blender
def test_raw_imports_an_unchecked_file(mint: RunMint, tmp_path: Path) -> None:
    """With --raw, a file that Blender can read is imported, and a note says it was not checked."""
    assert mint(*REFUSED).status == 7
    document, binary = box_parts()
    document["images"] = [{"bufferView": 0, "mimeType": "image/png"}]  # no picture; nothing uses it
    refused_file(mint).write_bytes(pack(document, binary))
    ran = mint("place", mint.job, "--raw", "-o", str(tmp_path / "lamp.blend"))
    assert ran.status == 0, ran.err
    assert (tmp_path / "lamp.blend").is_file() and "without checks" in ran.out
