# SPDX-License-Identifier: GPL-3.0-or-later
"""A result that our own check refuses: kept, status 7, free to try again, and handed over as it is
when the user says so.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ..files.build_glb import box_parts, pack
from ..mint_service.running import ThreadService
from .runs import Mint

REFUSED = ("generate", "--prompt", "a lamp [external-buffer]", "--preset", "fast")


def refused_file(mint: Mint) -> Path:
    """Where the newest job's refused file lies, as its sentence says."""
    (record, *_) = mint("jobs", "--json").records
    sentence = record["trouble"]["message"]
    return Path(sentence.partition(" It is kept at ")[2].partition(" Resume")[0].removesuffix("."))


def job_of(mint: Mint) -> str:
    """The newest job's id."""
    return str(mint("jobs", "--json").records[0]["job"])


def test_a_refused_file_is_kept_and_nothing_is_bought_again(
    mint: Mint, service: ThreadService
) -> None:
    """Status 7 and the path; trying again downloads once more, deletes nothing, and starts nothing."""
    ran = mint(*REFUSED)
    assert ran.status == 7
    file = refused_file(mint)
    assert file.read_bytes()[:4] == b"glTF" and str(file) in ran.said
    assert "generate again" not in ran.said and "at no cost" in ran.said
    for command in (("resume",), ("resume", job_of(mint))):
        again = mint(*command)
        assert again.status == 7
        assert file.is_file() and sorted(
            path.name for path in file.parent.iterdir() if "refused" in path.name
        ) == [file.name]
    assert len(service.operations()) == 1


def test_a_glb_is_only_a_copy_and_no_importer_has_to_like_it(mint: Mint, tmp_path: Path) -> None:
    """With -o FILE.glb nothing is refused but what is not whole."""
    output = tmp_path / "lamp.glb"
    assert mint(*REFUSED, "-o", str(output)).status == 0
    assert b"uri" in output.read_bytes()
    assert (
        mint(
            "generate",
            "--prompt",
            "a lamp [bad-length]",
            "--preset",
            "fast",
            "-o",
            str(tmp_path / "cut.glb"),
        ).status
        == 7
    )
    assert not (tmp_path / "cut.glb").exists()


@pytest.mark.parametrize("raw", [("--raw",), ()])
def test_a_refused_file_is_copied_when_the_user_says_so(
    mint: Mint, tmp_path: Path, service: ThreadService, raw: tuple[str, ...]
) -> None:
    """`place JOB --raw -o FILE.glb` hands over the bytes as they came; for a .glb that goes without
    saying.
    """
    mint(*REFUSED)
    file, output = refused_file(mint), tmp_path / "lamp.glb"
    ran = mint("place", job_of(mint), *raw, "-o", str(output))
    assert ran.status == 0, ran.err
    assert output.read_bytes() == file.read_bytes()
    assert len(service.operations()) == 1


def test_what_is_cut_off_is_copied_by_nobody(mint: Mint, tmp_path: Path) -> None:
    """Half a file helps no program."""
    mint("generate", "--prompt", "a lamp [bad-length]", "--preset", "fast")
    ran = mint("place", job_of(mint), "--raw", "-o", str(tmp_path / "lamp.glb"))
    assert ran.status == 7 and "cut off" in ran.said
    assert not (tmp_path / "lamp.glb").exists() and refused_file(mint) is not None


def test_without_a_refused_file_a_paused_job_is_not_ready(mint: Mint, tmp_path: Path) -> None:
    """`--raw` takes a file that is here, and no other."""
    mint("generate", "--prompt", "a lamp [file-404]", "--preset", "fast")
    ran = mint("place", job_of(mint), "--raw", "-o", str(tmp_path / "lamp.glb"))
    assert ran.status == 5 and "is not ready to place" in ran.said


def test_a_batch_keeps_it_too_and_pays_once(
    mint: Mint, tmp_path: Path, service: ThreadService
) -> None:
    """A World's panorama and a model's GLB: the line says what is wrong, a rerun buys nothing."""
    (tmp_path / "a.jsonl").write_text(
        json.dumps({"prompt": "a lamp [bad-length]", "format": "glb"}) + "\n"
    )
    for _ in ("first", "again"):
        ran = mint("batch", str(tmp_path / "a.jsonl"), "-o", str(tmp_path / "out"))
        assert ran.status == 7 and "It is kept at" in ran.said
    assert len(service.operations()) == 1


@pytest.mark.blender
def test_blenders_importer_is_given_the_file_without_our_check(mint: Mint, tmp_path: Path) -> None:
    """What we refuse and Blender reads arrives in a .blend, and the result says that nobody has
    checked it.
    """
    assert mint(*REFUSED).status == 7
    document, binary = box_parts()
    document["images"] = [{"bufferView": 0, "mimeType": "image/png"}]  # no picture; nothing uses it
    refused_file(mint).write_bytes(pack(document, binary))
    ran = mint("place", job_of(mint), "--raw", "-o", str(tmp_path / "lamp.blend"))
    assert ran.status == 0, ran.err
    assert (tmp_path / "lamp.blend").is_file() and "without our check" in ran.out


@pytest.mark.blender
def test_what_blender_cannot_read_either_stays_where_it_is(mint: Mint, tmp_path: Path) -> None:
    """Status 7 once more, with Blender's reason; the file is still there."""
    assert mint("generate", "--prompt", "a lamp [bad-length]", "--preset", "fast").status == 7
    file = refused_file(mint)
    ran = mint("place", job_of(mint), "--raw", "-o", str(tmp_path / "lamp.blend"))
    assert ran.status == 7
    assert file.is_file() and str(file) in ran.err
