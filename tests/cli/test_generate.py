# SPDX-License-Identifier: GPL-3.0-or-later
"""`generate`, `convert` and `variation`; every error with its exit status and its sentence."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from mint_blender.application import reviews, session
from mint_blender.cli.terminal import Terminal
from mint_blender.jobs.job_values import Decision, Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.phases import Verb
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind

from ..mint.generation_helpers import PIXEL
from ..mint_service.runner import ThreadService
from .batch_helpers import lines_of
from .command_runner import LAMP, RunMint

STARTS = ("POST", "/v1/*:generate")


def test_a_glb_is_mints_own_file(mint: RunMint, tmp_path: Path) -> None:
    """A model's .glb is Mint's file, unchanged; the last lines name its path and cost."""
    output = tmp_path / "new folder" / "lamp.glb"
    ran = mint("generate", "--prompt", "a small lamp", "--preset", "fast", "-o", str(output))
    assert ran.status == 0
    files = mint.service.requests(host="files")
    (fetched,) = [entry for entry in files if entry.path.endswith(".glb")]
    assert fetched.sent == output.stat().st_size
    assert output.read_bytes()[:4] == b"glTF"
    assert str(output) in ran.out and "Credits" in ran.out
    (named,) = [line.strip() for line in mint(*LAMP).out.splitlines()[1:] if ".glb" in line]
    assert Path(named).is_file()
    for words in ((*LAMP, "--json"), ("place", mint.job, "--json")):
        other = str(tmp_path / f"{words[0]}.glb")
        assert mint(*words, "-o", other).result["output"] == other
    assert mint("place", mint.job, "-o", other).status == 2
    assert mint("place", mint.job, "-o", other, "--overwrite").status == 0


def test_all_options_are_in_the_request(mint: RunMint, service: ThreadService) -> None:
    """Every option is in the request, and nothing else."""
    mint("generate", "--prompt", "a hero", "--preset", "production", "--mode", "review", "--name", "Hero", "--pose", "t_pose", "--image", "https://example.com/a.png")  # fmt: skip
    mint("generate", "--kind", "world", "--prompt", "a greenhouse")
    assert [entry.body for entry in service.requests(*STARTS)] == [
        {"prompt": "a hero", "generationPreset": "production", "generationMode": "review", "name": "Hero", "riggingPose": "t_pose",
         "imageUrl": "https://example.com/a.png"},
        {"prompt": "a greenhouse", "generationPreset": "standard", "generationMode": "auto", "name": "a greenhouse"},
    ]  # fmt: skip


def test_review_stops_and_prints_the_next_commands(mint: RunMint) -> None:
    """A Preview is status 6, with its picture and the three commands that continue."""
    ran = mint("generate", "--prompt", "a lamp", "--mode", "review")
    assert ran.status == 6
    job = mint.jobs()[0]
    assert Path(job["files"]["preview"]).is_file()
    for words in ("approve {}", 'revise {} "what should change"', "cancel {}"):
        assert f"python3 -m mint_blender {words.format(job['job'])}" in ran.err
    assert not mint.service.requests("POST", "*:approve")
    assert mint("generate", "--prompt", "a lamp", "--mode", "review", "--approve").status == 0
    assert len(mint.service.requests("POST", "*:approve")) == 1


def test_an_invalid_request_is_not_sent(mint: RunMint, tmp_path: Path) -> None:
    """An invalid request or picture is status 2 and a sentence; nothing is sent, and no job made."""
    picture = tmp_path / "reference.png"
    picture.write_bytes(b"GIF89a" + bytes(40))
    for words, sentence in (
        (("--prompt", "x" * 8001), "has 8001 characters; Mint accepts at most 8000"),
        (("--prompt", "a lamp", "--image", "nowhere.png"), "nowhere.png cannot be read: "),
        (("--image", str(picture)), "reference.png is GIF; Mint accepts PNG, JPEG and WebP"),
        (("--image", "http://example.com/a.png"), "address must start with https://"),
        (("--image", "https://example.com/a.png") * 9, "There are 9 reference images"),
        (("--prompt", "a lamp", "--name", "x" * 121), "The name has 121 characters"),
        (("--prompt", "a hall", "--kind", "world", "--pose", "t_pose"), "A pose is only for"),
        (
            ("--prompt", "a", "--kind", "world", "--optimize", "light"),
            "Only models can be optimized.",
        ),
        (("--prompt", "a lamp", "--no-camera"), "--no-camera is for a World"),
        (("--prompt", "a lamp", "--height", "2", "-o", "a.glb"), "--height is for a model in a"),
    ):
        ran = mint("generate", *words)
        assert (ran.status, sentence in ran.error_text) == (2, True), ran.err
    assert not mint.service.log()
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


@pytest.mark.windows
def test_an_unwritable_output_is_refused_before_payment(
    mint: RunMint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An output that cannot be written, or needs Blender, is status 7 before the first request."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder.glb").mkdir()
    for words, sentence in (
        (("-o", "file/lamp.glb"), "Nothing was started."),
        (("-o", "folder.glb"), "Nothing was started."),
        (("-o", f"{os.devnull}/lamp.glb"), "Nothing was started."),
        (("-o", "x.blend"), "pip install bpy"),
        (("--render", "x.png"), "pip install bpy"),
        (("-o", "x.glb", "--kind", "world"), "pip install bpy"),
    ):
        ran = mint("generate", "--prompt", "a lamp", *words)
        assert (ran.status, sentence in ran.error_text) == (7, True), ran.err
    assert not mint.service.log()


@dataclass(frozen=True)
class Case:
    """What is typed in which situation, and what comes of it."""

    status: int
    says: str
    arguments: tuple[str, ...] = LAMP
    scenario: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    started: int = 0


def _prompt(text: str, *more: str) -> tuple[str, ...]:
    return ("generate", "--prompt", text, "--preset", "fast", *more)


CASES = {
    "done": Case(0, "", started=1),
    "done, in parts": Case(0, "", _prompt("a lamp [partial]"), started=1),
    "moderation": Case(1, "Mint's moderation rejected the prompt", _prompt("a lamp [moderation]"), started=1),
    "the generation failed": Case(1, "retry", _prompt("a lamp [fails]"), started=1),
    "quota": Case(1, "quota is used up", _prompt("a lamp [quota]"), started=1),
    "an unknown error": Case(1, "gremlins_in_the_machine", _prompt("a lamp [unknown-error]"), started=1),
    "canceled at mint.gg": Case(1, "Canceled", _prompt("a lamp [canceled]"), started=1),
    "forbidden": Case(1, "This API key does not have permission for this", _prompt("a lamp [forbidden]")),
    "no such command": Case(2, "invalid choice: 'make'", ("make",)),
    "no such preset": Case(2, "argument --preset: invalid choice: 'quick'", _prompt("a lamp", "--preset", "quick")),
    "no such job": Case(2, 'There is no job "nope"', ("approve", "nope")),
    "place without a file": Case(2, "No output file", ("place", "nope")),
    "a base URL that would show the key": Case(2, "must start with https://", environment={"MINT_API_BASE_URL": "http://example.com/v1"}),
    "no key": Case(3, "No Mint API key is set", environment={"MINT_API_KEY": ""}),
    "no key for check": Case(3, "No Mint API key is set", ("check",), environment={"MINT_API_KEY": ""}),
    "a wrong key": Case(3, "Mint does not accept the API key", environment={"MINT_API_KEY": "mint_wrong"}),
    "a wrong key for usage": Case(3, "Mint does not accept the API key", ("usage",), environment={"MINT_API_KEY": "mint_wrong"}),
    "a key that is none": Case(3, "Copy the whole key again", ("check",), environment={"MINT_API_KEY": "two words"}),
    "a key that is revoked meanwhile": Case(3, "Mint does not accept the API key", _prompt("a lamp [revoked]"), started=1),
    "Credits at the start": Case(4, "Buy them at", _prompt("a lamp [billing-start] [billing-unpaid]"), started=1),
    "Credits in the middle": Case(4, "more Credits to continue", _prompt("a lamp [billing-final]"), started=1),
    "402": Case(4, "Mint needs more Credits for this", _prompt("a lamp [no-credits]")),
    "above the limit": Case(4, "more than the limit of 1", _prompt("a lamp", "--max-credits", "1")),
    "nobody there": Case(5, "refused the connection", environment={"MINT_API_BASE_URL": "http://127.0.0.1:9/v1"}),
    "nobody there for check": Case(5, "refused the connection", ("check",), environment={"MINT_API_BASE_URL": "http://127.0.0.1:9/v1"}),
    "503 again and again": Case(5, "Mint is temporarily unavailable", scenario={"answers": [{"method": "POST", "path": "/v1/models:generate", "times": 99, "answer": {"word": "503"}}]}),
    "a web page instead of an answer": Case(5, "response is invalid", ("check",), scenario={"answers": [{"path": "/v1/me", "times": 10_000, "answer": {"status": 200, "text": "<html>hello</html>", "content_type": "text/html"}}]}),
    "a file that does not come": Case(5, "", _prompt("a lamp [file-403]"), started=1),
    "a Preview": Case(6, "The Preview is ready", _prompt("a lamp", "--mode", "review"), started=1),
}  # fmt: skip


JSON_TOO = ("done", "moderation", "no key", "above the limit", "nobody there", "a Preview")
"""A case of each status whose command has --json."""


@pytest.mark.covers("C8-error", "R-statuses")
@pytest.mark.parametrize("name", CASES)
def test_every_situation_has_its_status_and_its_sentence(
    mint: RunMint, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The status and the sentence are as listed, and Mint has started what the table says."""
    case = CASES[name]
    mint.service.scenario(**case.scenario)
    for variable, value in case.environment.items():
        monkeypatch.setenv(variable, value)
    ran = mint(*case.arguments)
    assert ran.status == case.status, ran.err
    assert case.says in ran.error_text
    assert len(mint.service.operations()) == case.started
    if case.status:
        assert ran.out == ""
    if name in JSON_TOO:
        ran = mint(*case.arguments, "--json")
        assert ran.status == case.status
        assert ran.records[-1]["event"] in ("result", "error")
        assert case.says in ran.error_text


@pytest.mark.covers("R-three-minutes")
def test_a_job_that_mint_could_not_be_reached_for_is_kept(mint: RunMint) -> None:
    """Without a connection the status is 5, and `resume` finishes the job with one operation."""
    outage = {"path": "/v1/operations/*", "answer": {"close": True}}
    mint.service.scenario(answers=[{**outage, "times": 12}])
    ran = mint(*LAMP)
    assert (ran.status, "Mint cannot be reached" in ran.error_text) == (0, True)
    mint.service.scenario(answers=[{**outage, "times": 10_000}])
    ran = mint(*LAMP)
    assert ran.status == 5
    assert "Stopped waiting. Started jobs are kept: resume them later." in ran.error_text
    assert '"working"' in mint("jobs", "--json").out
    mint.service.mint.scripted.clear()
    assert mint("resume", "--json").status == 0
    assert len(mint.service.operations()) == 2


def test_a_batch_stops_as_a_whole_without_network(mint: RunMint, tmp_path: Path) -> None:
    """During an outage no more lines start, all jobs are kept, and a rerun continues."""
    file = lines_of(tmp_path / "lamps.jsonl", *({"prompt": f"lamp {n}"} for n in range(12)))
    mint.service.scenario(
        answers=[{"path": "/v1/operations/*", "times": 10_000, "answer": {"status": 503}}]
    )
    ran = mint("batch", str(file), "-o", str(tmp_path / "out"), "--jobs", "2")
    assert ran.status == 5
    assert ran.error_text.count("Stopped waiting.") == 1
    assert len(mint.service.operations()) == 2
    mint.service.mint.scripted.clear()
    assert mint("batch", str(file), "-o", str(tmp_path / "out"), "--jobs", "4").status == 0
    assert len(mint.service.operations()) == 12


def test_wait_twenty_seconds_for_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command says why it waits for another process, and how the wait ended."""
    slept: list[float] = []
    monkeypatch.setattr("mint_blender.application.reviews.time.sleep", slept.append)
    said: list[str] = []
    job = new_job(GenerationRequest(Kind.MODEL, "a lamp"), Delivery(), now=1.0)
    job = replace(job, decision=Decision(Verb.CANCEL, "click"))
    # another process drives the job, and never does what was decided
    theirs: Any = Mock(**{"job.return_value": job, "is_active.return_value": False})
    theirs.catch_up.return_value = False
    reviews.wait_for_other_process(theirs, job.id, said.append)
    assert sum(slept) == pytest.approx(20)
    waiting, ended = said
    assert waiting.startswith("Another process is working on this job. Waiting up to 20 s for it")
    assert ended.startswith("The other process has not carried out your decision yet.")


@pytest.fixture
def made(mint: RunMint) -> dict[str, str]:
    """Return the ids of a finished job and its model."""
    assert mint(*LAMP, "--name", "Lamp").status == 0
    return {
        "job": mint.job,
        "asset": str(mint("models", "--json").records[0]["id"]),
    }


def test_the_optimization_is_within_the_limit(
    mint: RunMint, made: dict[str, str], tmp_path: Path
) -> None:
    """--max-credits includes the optimization, for `generate` and for `variation`."""
    output = tmp_path / "lamp.glb"
    lighter = (*LAMP, "--optimize", "light", "-o", str(output), "--max-credits")
    refused = mint(*lighter, "267")
    assert refused.status == 4
    says = "about 268 Credits in total, more than the limit of 267 Credits. Nothing was started."
    assert says in refused.error_text
    assert len(mint.service.operations()) == 1
    assert mint(*lighter, "268").status == 0
    levels = [operation.level for operation in mint.service.operations() if operation.level]
    assert levels == ["light"]
    assert b"KHR_draco_mesh_compression" in output.read_bytes()
    newest = mint.job
    assert mint("variation", newest, "--max-credits", "267").status == 4
    assert mint("variation", newest, "--max-credits", "268").status == 0


def test_a_model_is_optimized_once(mint: RunMint, made: dict[str, str], tmp_path: Path) -> None:
    """`optimize` takes a job or a model and writes Mint's file; what exists already is free."""
    orders = ("POST", "/v1/models/*:optimize")
    output = tmp_path / "light.glb"
    words = ("--level", "light", "-o", str(output))
    ran = mint("optimize", made["job"], *words, "--max-credits", "1")
    assert ran.status == 4 and "about 20 Credits" in ran.error_text
    assert mint("optimize", "nowhere", *words).status == 2
    assert not mint.service.requests(*orders) and not output.exists()
    ran = mint("optimize", made["job"], *words)
    assert ran.status == 0 and "(20 Credits)" in ran.out, ran
    (order,) = mint.service.requests(*orders)
    assert order.body == {"optimizationLevel": "light"}
    optimized = output.read_bytes()
    assert b"KHR_draco_mesh_compression" in optimized[:100_000]
    ran = mint("optimize", made["asset"], "-o", str(tmp_path / "again.glb"))
    assert ran.status == 0 and len(mint.service.requests(*orders)) == 1
    assert (tmp_path / "again.glb").read_bytes() == optimized
    assert "optimized already: free." in mint("optimize", made["asset"], "--dry-run").out


@pytest.mark.blender
@pytest.mark.one_blender
def test_what_is_optimized_is_placed_from_the_library(
    mint: RunMint, made: dict[str, str], tmp_path: Path
) -> None:
    """A model that was generated here, and optimized later, is the optimized one by its id."""
    light, before, after, again = (tmp_path / f"{name}.glb" for name in ("light", "a", "b", "c"))
    assert mint("place", made["asset"], "-o", str(before)).status == 0
    assert mint("optimize", made["asset"], "-o", str(light)).status == 0
    assert mint("place", made["asset"], "-o", str(after)).status == 0
    assert light.read_bytes() == after.read_bytes() != before.read_bytes()
    jobs = len(mint.jobs())
    assert mint("place", made["asset"], "-o", str(again)).status == 0
    assert again.read_bytes() == light.read_bytes() and len(mint.jobs()) == jobs


def test_a_model_is_converted(mint: RunMint, made: dict[str, str], tmp_path: Path) -> None:
    """`convert` takes a job or a model, and names each file and the cost."""
    (tmp_path / "file").write_text("")
    for words, status in (
        (("nowhere", "--format", "fbx", "-o", str(tmp_path)), 2),
        (("../etc", "--format", "fbx", "-o", str(tmp_path)), 2),
        ((made["job"], "--format", "blend", "-o", str(tmp_path)), 2),
        ((made["job"], "--format", "fbx", "-o", str(tmp_path / "file")), 7),
    ):
        ran = mint("convert", *words)
        assert ran.status == status and ran.err
    conversions = ("POST", "/v1/models/*:convert")
    assert not mint.service.requests(*conversions)
    for by, formats in (("job", ("fbx", "usdz")), ("asset", ("stl",))):
        folder = tmp_path / "new" / by
        words = [word for format in formats for word in ("--format", format)]
        ran = mint("convert", made[by], *words, "-o", str(folder))
        assert ran.status == 0 and "Lamp: Saved (10 Credits)" in ran.out
        written = {str(folder / f"Lamp.{format}") for format in formats}
        assert {line.strip() for line in ran.out.splitlines()[1:]} == written
        assert all(Path(file).stat().st_size for file in written)
    assert len(mint.service.requests(*conversions)) == 2
    refused = {"path": "/v1/models/*:convert", "answer": {"status": 400}}
    mint.service.scenario(answers=[refused])
    ran = mint("convert", made["asset"], "--format", "obj", "-o", str(tmp_path))
    assert ran.status == 1 and ran.err.count("The request is not valid.") == 1
    ran = mint("place", mint.job, "-o", str(tmp_path / "lamp.glb"))
    assert (ran.status, "this job only saved other formats" in ran.error_text) == (2, True)


def test_the_parts_of_a_world(mint: RunMint) -> None:
    """The job has what a line of a batch can say, too."""
    words = ("--collider", "physics", "--no-camera", "--no-panorama", "--rigid-body")
    assert mint("generate", "--kind", "world", "--prompt", "a hall", *words).status == 0
    assert mint(*LAMP, "--height", "0.4").status == 0
    with session.open_journal() as job_service:
        lamp, hall = job_service.jobs()
    assert (hall.delivery.collider, lamp.delivery.height) == ("PHYSICS", 0.4)
    assert (hall.delivery.camera, hall.delivery.panorama, hall.delivery.rigid_body) == (
        False,
        False,
        True,
    )


# -- variations


def test_a_variation_repeats_the_request(
    mint: RunMint, made: dict[str, str], tmp_path: Path
) -> None:
    """`variation` starts a new job with the same request, or with another prompt and output."""
    assert mint("variation", made["job"]).status == 0
    words = ("--prompt", "a green lamp", "-o", str(tmp_path / "green.glb"))
    assert mint("variation", made["job"], *words).status == 0
    bodies = [start.body for start in mint.service.requests("POST", "/v1/models:generate")]
    assert bodies == [bodies[0], bodies[0], {**bodies[0], "prompt": "a green lamp"}]
    assert (tmp_path / "green.glb").exists()
    assert len(mint.jobs()) == 3


def test_a_file_is_replaced_only_on_purpose(
    mint: RunMint, service: ThreadService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a script it needs --overwrite; on a terminal a person is asked before anything is sent."""
    file = tmp_path / "lamp.glb"
    file.write_bytes(b"mine")
    ran = mint(*LAMP, "-o", str(file))
    assert ran.status == 2 and "exists already. Nothing was started. --overwrite" in ran.error_text
    answers, asked = iter([False, True]), list[str]()
    monkeypatch.setattr(Terminal, "asks", lambda self, what: asked.append(what) or next(answers))
    assert mint(*LAMP, "-o", str(file)).status == 2
    assert file.read_bytes() == b"mine" and not service.operations()
    assert mint(*LAMP, "-o", str(file)).status == 0 and asked == [f"{file} exists. Replace it?"] * 2
    assert file.read_bytes() != b"mine" and len(service.operations()) == 1
