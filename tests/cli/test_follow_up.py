# SPDX-License-Identifier: GPL-3.0-or-later
"""`generate --optimize`, `convert` and `again`: what comes after a generation."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..mint_service.runner import ThreadService
from .command_runner import LAMP, RunMint

CONVERSIONS = ("POST", "/v1/models/*:convert")


@pytest.fixture
def made(mint: RunMint) -> dict[str, str]:
    """Return the ids of a finished job and its model."""
    assert mint(*LAMP, "--name", "Lamp").status == 0
    return {
        "job": str(mint("jobs", "--json").records[0]["job"]),
        "asset": str(mint("models", "--json").records[0]["id"]),
    }


# -- generate --optimize
# ------------------------------------------------------------------------------------------------------------


def test_the_optimized_file_is_written(
    mint: RunMint, service: ThreadService, tmp_path: Path
) -> None:
    """The .glb is the optimized file, from one optimization at the requested level."""
    output = tmp_path / "lamp.glb"
    assert mint(*LAMP, "--optimize", "aggressive", "-o", str(output)).status == 0
    assert [operation.level for operation in service.operations() if operation.level] == [
        "aggressive"
    ]
    assert b"KHR_draco_mesh_compression" in output.read_bytes()


def test_a_failed_optimization_keeps_the_original(mint: RunMint, tmp_path: Path) -> None:
    """A failed optimization does not fail the generation."""
    ran = mint(
        "generate",
        "--prompt",
        "a lamp [optimize-fails]",
        "--optimize",
        "light",
        "-o",
        str(tmp_path / "lamp.glb"),
    )
    assert ran.status == 0
    assert "The model was not optimized, so the original file is used." in ran.out
    assert (tmp_path / "lamp.glb").exists()


def test_the_optimization_is_within_the_limit(
    mint: RunMint, made: dict[str, str], service: ThreadService
) -> None:
    """--max-credits includes the optimization, for `generate` and for `again`."""
    asked = len(service.operations())
    for limit, status in ((267, 4), (268, 0)):
        ran = mint(*LAMP, "--optimize", "light", "--max-credits", str(limit))
        assert ran.status == status
        assert (
            status == 0
            or "about 268 Credits, more than the limit of 267. Nothing was started."
            in ran.error_text
        )
    assert len(service.operations()) == asked + 2
    newest = str(mint("jobs", "--json").records[0]["job"])
    assert mint("again", newest, "--max-credits", "267").status == 4
    assert mint("again", newest, "--max-credits", "268").status == 0


def test_a_first_optimization_cannot_be_within_a_limit(
    mint: RunMint, service: ThreadService
) -> None:
    """Without any model the price is unknown: a limit gives status 4, no limit starts it."""
    ran = mint(*LAMP, "--optimize", "light", "--max-credits", "100000")
    assert ran.status == 4
    assert (
        "the limit cannot be checked. Mint sets the price of an optimization once there is a model. Nothing was started."
        in ran.error_text
    )
    assert not service.operations()
    assert mint(*LAMP, "--optimize", "light").status == 0


def test_a_world_is_not_optimized(mint: RunMint, service: ThreadService) -> None:
    """Optimizing a World is status 2, and nothing is started."""
    ran = mint("generate", "--kind", "world", "--prompt", "a hall", "--optimize", "light")
    assert (ran.status, "Only models can be optimized." in ran.error_text) == (2, True)
    assert not service.operations()


# -- convert
# --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["job", "asset"])
def test_converted_files_are_in_the_folder(
    by: str, mint: RunMint, made: dict[str, str], service: ThreadService, tmp_path: Path
) -> None:
    """`convert` takes a job or a model, and names each file and the cost."""
    folder = tmp_path / "new" / "out"
    ran = mint("convert", made[by], "--format", "fbx", "--format", "usdz", "-o", str(folder))
    assert ran.status == 0
    assert "Lamp: Saved (10 Credits)" in ran.out
    assert {line.strip() for line in ran.out.splitlines()[1:]} == {
        str(folder / "Lamp.fbx"),
        str(folder / "Lamp.usdz"),
    }
    assert (folder / "Lamp.usdz").read_bytes()[:2] == b"PK"
    assert len(service.requests(*CONVERSIONS)) == 1


def test_converting_again_costs_nothing(
    mint: RunMint, made: dict[str, str], service: ThreadService, tmp_path: Path
) -> None:
    """Converting again costs nothing and overwrites no file."""
    words = ("convert", made["job"], "--format", "obj", "-o", str(tmp_path / "out"))
    assert mint(*words).status == mint(*words).status == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["Lamp.obj"]
    (tmp_path / "out" / "Lamp.obj").write_text("mine")
    assert mint(*words, "--json").result["files"] == {"obj": str(tmp_path / "out" / "Lamp 2.obj")}
    assert len(service.requests(*CONVERSIONS)) == 1


def test_json_has_events_and_one_result(
    mint: RunMint, made: dict[str, str], tmp_path: Path
) -> None:
    """With --json there are events and one result, as for every job."""
    ran = mint("convert", made["job"], "--format", "stl", "-o", str(tmp_path), "--json")
    assert (ran.result["phase"], ran.result["state"]) == ("placed", "Saved")
    assert ran.result["files"] == {"stl": str(tmp_path / "Lamp.stl")}


def test_too_few_credits(
    mint: RunMint, made: dict[str, str], service: ThreadService, tmp_path: Path
) -> None:
    """Status 4 names the command that continues; with Credits it succeeds."""
    service.scenario(credits=3)
    ran = mint("convert", made["job"], "--format", "fbx", "-o", str(tmp_path / "out"))
    assert ran.status == 4
    job = str(mint("jobs", "--json").records[0]["job"])
    assert f"resume {job}" in ran.err
    service.scenario(credits=500)
    assert mint("resume", job).status == 0
    assert (tmp_path / "out" / "Lamp.fbx").exists()


WRONG = {
    "no such model": (["nowhere"], 1),
    "no id": (["../etc"], 2),
    "another format": (["nowhere", "--format", "blend"], 2),
}


@pytest.mark.parametrize("arguments, status", WRONG.values(), ids=WRONG.keys())
def test_conversion_errors(
    mint: RunMint, service: ThreadService, tmp_path: Path, arguments: list[str], status: int
) -> None:
    """An error is a sentence and a status, and nothing is paid."""
    ran = mint("convert", *arguments, "--format", "fbx", "-o", str(tmp_path))
    assert ran.status == status
    assert ran.err
    assert not service.requests(*CONVERSIONS)


def test_a_folder_that_cannot_be_written(
    mint: RunMint, made: dict[str, str], service: ThreadService, tmp_path: Path
) -> None:
    """A folder that cannot be written is status 7 before anything is paid."""
    (tmp_path / "file").write_text("")
    ran = mint("convert", made["job"], "--format", "fbx", "-o", str(tmp_path / "file"))
    assert (ran.status, "Nothing was started" in ran.error_text) == (7, True)
    assert not service.requests(*CONVERSIONS)


def test_a_converted_model_is_not_placed(
    mint: RunMint, made: dict[str, str], tmp_path: Path
) -> None:
    """`place` of a job that only converted says that it has no result to place."""
    mint("convert", made["job"], "--format", "fbx", "-o", str(tmp_path))
    ran = mint(
        "place", str(mint("jobs", "--json").records[0]["job"]), "-o", str(tmp_path / "lamp.glb")
    )
    assert (ran.status, "this job only saved other formats" in ran.error_text) == (2, True)


# -- again
# ----------------------------------------------------------------------------------------------------------------------------


def test_again_repeats_the_request(
    mint: RunMint, made: dict[str, str], service: ThreadService, tmp_path: Path
) -> None:
    """`again` starts a new job with the same request, or with another prompt and output."""
    assert mint("again", made["job"]).status == 0
    assert (
        mint(
            "again", made["job"], "--prompt", "a green lamp", "-o", str(tmp_path / "green.glb")
        ).status
        == 0
    )
    bodies = [start.body for start in service.requests("POST", "/v1/models:generate")]
    assert bodies == [bodies[0], bodies[0], {**bodies[0], "prompt": "a green lamp"}]
    assert (tmp_path / "green.glb").exists()
    assert len(mint("jobs", "--json").records) == 3


def test_again_has_a_limit(mint: RunMint, made: dict[str, str], service: ThreadService) -> None:
    """Above --max-credits nothing is started: status 4."""
    assert mint("again", made["job"], "--max-credits", "1").status == 4
    assert len(service.requests("POST", "/v1/models:generate")) == 1
