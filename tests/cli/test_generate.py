# SPDX-License-Identifier: GPL-3.0-or-later
"""`generate`: from the prompt to the file, and what is refused before payment."""

from __future__ import annotations

from pathlib import Path

import pytest

from mint_blender.cli import session
from mint_blender.mint.retry import PollIntervals

from ..mint.generation_helpers import PIXEL
from ..mint_service.runner import ThreadService
from .command_runner import RunMint

STARTS = ("POST", "/v1/*:generate")


def test_a_glb_is_mints_unchanged_file(
    mint: RunMint, service: ThreadService, tmp_path: Path
) -> None:
    """A model's .glb is Mint's file, unchanged; the last lines name its path and cost."""
    output = tmp_path / "new folder" / "lamp.glb"
    ran = mint("generate", "--prompt", "a small lamp", "--preset", "fast", "-o", str(output))
    assert ran.status == 0
    (fetched,) = [entry for entry in service.requests(host="files") if entry.path.endswith(".glb")]
    assert fetched.sent == output.stat().st_size
    assert output.read_bytes()[:4] == b"glTF"
    assert str(output) in ran.out
    assert "Credits" in ran.out


def test_all_options_are_in_the_request(mint: RunMint, service: ThreadService) -> None:
    """Every option is in the request, and nothing else."""
    mint("generate", "--prompt", "a hero", "--preset", "production", "--mode", "review", "--name", "Hero", "--pose", "t_pose", "--image", "https://example.com/a.png")  # fmt: skip
    mint("generate", "--kind", "world", "--prompt", "a greenhouse")
    assert [entry.body for entry in service.requests(*STARTS)] == [
        {"prompt": "a hero", "generationPreset": "production", "generationMode": "review", "name": "Hero", "riggingPose": "t_pose",
         "imageUrl": "https://example.com/a.png"},
        {"prompt": "a greenhouse", "generationPreset": "standard", "generationMode": "auto", "name": "a greenhouse"},
    ]  # fmt: skip


def test_without_an_output_the_files_are_named(mint: RunMint) -> None:
    """Without -o, the downloaded files are listed and can be placed later."""
    ran = mint("generate", "--prompt", "a lamp")
    assert ran.status == 0
    named = [Path(line.strip()) for line in ran.out.splitlines()[1:] if ".glb" in line]
    assert len(named) == 1
    assert named[0].is_file()


def test_review_stops_and_prints_the_next_commands(
    mint: RunMint, service: ThreadService, home: Path
) -> None:
    """A Preview is status 6, with its picture and the three commands that continue."""
    ran = mint("generate", "--prompt", "a lamp", "--mode", "review")
    assert ran.status == 6
    job = mint("jobs", "--json").records[0]
    assert Path(job["files"]["preview"]).is_file()
    for words in (
        f"approve {job['job']}",
        f'revise {job["job"]} "what should change"',
        f"cancel {job['job']}",
    ):
        assert f"python3 -m mint_blender {words}" in ran.err
    assert not service.requests("POST", "*:approve")


def test_approve_runs_to_the_end(mint: RunMint, service: ThreadService) -> None:
    """With --approve no Preview waits."""
    assert mint("generate", "--prompt", "a lamp", "--mode", "review", "--approve").status == 0
    assert len(service.requests("POST", "*:approve")) == 1


REFUSED = {
    "an empty prompt": (["--prompt", "  "], "The prompt is empty"),
    "a prompt that is too long": (
        ["--prompt", "x" * 8001],
        "has 8001 characters; Mint accepts at most 8000",
    ),
    "a world's prompt that is too long": (
        ["--kind", "world", "--prompt", "x" * 4001],
        "at most 4000 for a world",
    ),
    "a pose for a world": (
        ["--kind", "world", "--prompt", "a hall", "--pose", "a_pose"],
        "only for models",
    ),
    "nine pictures": (
        ["--prompt", "a lamp", *["--image", "https://example.com/a.png"] * 9],
        "at most 8",
    ),
    "an address without TLS": (
        ["--prompt", "a lamp", "--image", "http://example.com/a.png"],
        "https://",
    ),
    "a picture that is not there": (
        ["--prompt", "a lamp", "--image", "nowhere.png"],
        "nowhere.png cannot be read: No such file",
    ),
    "a name that is too long": (
        ["--prompt", "a lamp", "--name", "n" * 121],
        "The name has 121 characters",
    ),
}


@pytest.mark.parametrize("arguments, sentence", REFUSED.values(), ids=REFUSED.keys())
def test_an_invalid_request_is_not_sent(
    mint: RunMint, service: ThreadService, arguments: list[str], sentence: str
) -> None:
    """An invalid request is status 2 and a sentence; nothing is sent, and there is no job."""
    ran = mint("generate", *arguments)
    assert ran.status == 2
    assert sentence in ran.error_text
    assert not service.log()
    assert "There are no jobs." in mint("jobs").err


@pytest.mark.covers("C13-upload")
def test_a_local_picture_is_uploaded(mint: RunMint, service: ThreadService, tmp_path: Path) -> None:
    """A local picture is uploaded first, and the request has its URL."""
    picture = tmp_path / "my picture.png"
    picture.write_bytes(PIXEL)
    assert mint("generate", "--image", str(picture)).status == 0
    (start,) = service.requests(*STARTS)
    assert start.body["imageUrl"].startswith((service.files, "https://"))
    assert len(service.requests("POST", "/v1/reference-images")) == 1


PICTURES = {
    "a GIF": (b"GIF89a" + bytes(40), "is GIF; Mint accepts PNG, JPEG and WebP"),
    "a text": (b"hello, this is no picture", "is not a picture"),
    "an empty file": (b"", "is empty"),
    "6 MB": (PIXEL + bytes(6 * 1024 * 1024), "is 6.0 MB; Mint accepts at most 5 MB"),
}


@pytest.mark.parametrize("content, sentence", PICTURES.values(), ids=PICTURES.keys())
def test_an_invalid_picture_is_refused(
    mint: RunMint, service: ThreadService, tmp_path: Path, content: bytes, sentence: str
) -> None:
    """A picture of another format or above 5 MB is refused before anything is sent."""
    picture = tmp_path / "reference.png"
    picture.write_bytes(content)
    ran = mint("generate", "--prompt", "a lamp", "--image", str(picture))
    assert ran.status == 2
    assert sentence in ran.error_text
    assert "reference.png" in ran.error_text
    assert not service.log()


def test_a_price_within_the_limit_starts(mint: RunMint, service: ThreadService) -> None:
    """The price is fetched once, and a job within the limit starts."""
    assert (
        mint("generate", "--prompt", "a lamp", "--preset", "fast", "--max-credits", "100000").status
        == 0
    )
    assert len(service.requests("POST", "/v1/pricing:estimate")) == 1


def test_a_price_above_the_limit_starts_nothing(mint: RunMint, service: ThreadService) -> None:
    """Above --max-credits the status is 4, and the sentence has price and limit."""
    ran = mint("generate", "--prompt", "a lamp", "--max-credits", "1")
    assert ran.status == 4
    assert "more than the limit of 1. Nothing was started" in ran.error_text
    assert not service.operations()
    assert "There are no jobs." in mint("jobs").err


def test_an_unknown_price_is_not_within_a_limit(mint: RunMint, service: ThreadService) -> None:
    """Without a price, a limit refuses the job with status 4."""
    service.scenario(
        answers=[{"method": "POST", "path": "/v1/pricing:estimate", "answer": {"status": 404}}]
    )
    ran = mint("generate", "--prompt", "a lamp", "--max-credits", "100000")
    assert ran.status == 4
    assert "did not return a price" in ran.error_text
    assert not service.operations()


def test_an_unwritable_output_is_refused_before_payment(
    mint: RunMint, service: ThreadService, tmp_path: Path
) -> None:
    """An output that cannot be written is status 7 before the first request."""
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder.glb").mkdir()
    for output in (
        tmp_path / "file" / "lamp.glb",
        tmp_path / "folder.glb",
        Path("/dev/null/lamp.glb"),
    ):
        ran = mint("generate", "--prompt", "a lamp", "-o", str(output))
        assert ran.status == 7
        assert "Nothing was started." in ran.error_text
    assert not service.log()


@pytest.mark.parametrize(
    "arguments", [["-o", "x.blend"], ["--render", "x.png"], ["-o", "x.glb", "--kind", "world"]]
)
def test_outputs_that_need_blender_are_refused_without_it(
    mint: RunMint,
    service: ThreadService,
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without Blender, outputs that need it are refused before anything is started."""
    monkeypatch.chdir(tmp_path)
    ran = mint("generate", "--prompt", "a lamp", *arguments)
    assert ran.status == 7
    assert "pip install bpy" in ran.error_text
    assert not service.log()


def test_a_slow_generation_is_finished(
    mint: RunMint, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow generation is reported once, is checked less often, and is written at its end."""
    monkeypatch.setattr(
        session,
        "POLL_INTERVALS",
        PollIntervals(
            first=0.02, factor=1.0, longest=0.02, slow_after=0.06, slow=0.02, min_retry_after=0.02
        ),
    )
    service.scenario(durations={"final": 1200.0})  # 0.6 s here
    ran = mint("generate", "--prompt", "a lamp")
    assert ran.status == 0
    assert ran.error_text.count("Checking continues once a minute; this is free.") == 1
