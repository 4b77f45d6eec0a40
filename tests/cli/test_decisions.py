# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands about jobs: each finds its job by the start of its id and pays nothing twice."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.storage.journal import Journal

from ..mint_service.runner import ThreadService
from ..service.contract_client import ContractClient
from .command_runner import LAMP, RunMint, command, environment


def job_of(mint: RunMint) -> str:
    """Return the newest job's id."""
    return str(mint("jobs", "--json").records[0]["job"])


@pytest.fixture
def review(mint: RunMint) -> str:
    """Return a job whose Preview waits."""
    assert mint(*LAMP, "--mode", "review").status == 6
    return job_of(mint)


def test_approve_continues_to_the_end(mint: RunMint, review: str, service: ThreadService) -> None:
    """`approve` accepts the first letters of the id and writes the files."""
    ran = mint("approve", review[:4])
    assert ran.status == 0
    assert ".glb" in ran.out
    assert len(service.requests("POST", "*:approve")) == 1


@pytest.mark.parametrize("words", [("approve",), ("revise", "make it blue")], ids=lambda w: w[0])
def test_a_decision_of_a_killed_command_says_what_carries_it_out(
    mint: RunMint, review: str, service: ThreadService, home: Path, words: tuple[str, ...]
) -> None:
    """The second command names `resume`, which sends the saved approval once."""
    service.stop()
    killed = subprocess.Popen(
        command("approve", review),
        env=environment(service, home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert killed.stderr is not None
    while "Mint cannot be reached" not in (line := killed.stderr.readline()):
        assert line, "it ended before it was killed"
    killed.kill()
    killed.communicate()
    service.start()
    ran = mint(words[0], review, *words[1:])
    assert ran.status == 2
    assert "an earlier decision (approve) is saved" in ran.error_text
    assert f"To carry it out: python3 -m mint_blender resume {review}" in ran.error_text
    assert mint("resume", review).status == 0
    assert len(service.requests("POST", "*:approve")) == 1
    assert service.requests("POST", "*:revise") == []


def test_a_preview_that_was_revised_elsewhere_is_not_approved(
    mint: RunMint, review: str, service: ThreadService
) -> None:
    """The command ends at the newer Preview, as `revise` does, and says why."""
    other, operation = ContractClient(service), service.operations()[-1].id
    other.post(f"/operations/{operation}:revise", {"feedback": "make it blue"})
    other.until({"id": operation}, "preview_ready")
    ran = mint("approve", review)
    assert ran.status == 6
    assert "preview-2" in ran.error_text
    assert "Mint has a newer Preview, so nothing was approved." in ran.error_text
    assert service.requests("POST", "*:approve") == []
    assert mint("approve", review).status == 0


def test_approve_writes_the_output_of_generate(mint: RunMint, tmp_path: Path) -> None:
    """`approve` writes the file that `generate -o` named."""
    output = tmp_path / "lamp.glb"
    assert mint(*LAMP, "--mode", "review", "-o", str(output)).status == 6
    assert not output.exists()
    assert mint("approve", job_of(mint)).status == 0
    assert output.read_bytes()[:4] == b"glTF"


def test_revise_brings_another_preview(mint: RunMint, review: str, service: ThreadService) -> None:
    """A revision ends at the next Preview, with status 6; the earlier picture is kept."""
    first = mint("jobs", "--json").records[0]["files"]["preview"]
    assert mint("revise", review, "make it blue").status == 6
    second = mint("jobs", "--json").records[0]["files"]["preview"]
    assert first != second
    assert Path(first).is_file() and Path(second).is_file()
    assert [operation.feedback for operation in service.operations()] == [["make it blue"]]


def test_an_empty_revision_is_refused(mint: RunMint, review: str, service: ThreadService) -> None:
    """Empty or too long feedback is status 2, and nothing is sent."""
    assert mint("revise", review, " ").status == 2
    assert mint("revise", review, "x" * 2001).status == 2
    assert not service.requests("POST", "*:revise")


def test_cancel_succeeds(mint: RunMint, review: str, service: ThreadService) -> None:
    """A canceled job is status 0."""
    assert mint("cancel", review).status == 0
    assert [operation.status for operation in service.operations()] == ["canceled"]
    assert "Canceled" in mint("jobs").out


def test_retry_after_a_failure(mint: RunMint, service: ThreadService) -> None:
    """A failed generation names the retry command, and it works."""
    failed = mint("generate", "--prompt", "a lamp [transient]")
    assert failed.status == 1
    assert f"retry {job_of(mint)}" in failed.err
    assert mint("retry", job_of(mint)).status == 0
    assert len(service.requests("POST", "*:retry")) == 1


def test_dismiss_keeps_the_files(mint: RunMint) -> None:
    """A dismissed job is not listed, and its files are kept."""
    mint(*LAMP)
    record = mint("jobs", "--json").records[0]
    assert mint("dismiss", record["job"]).status == 0
    assert "There are no jobs." in mint("jobs").err
    assert all(Path(path).is_file() for path in record["files"].values())


def test_resume_after_credits_were_bought(mint: RunMint, service: ThreadService) -> None:
    """Status 4 names the command; with Credits, `resume` finishes the same operation."""
    stopped = mint("generate", "--prompt", "a lamp [billing-final]")
    assert stopped.status == 4
    assert f"resume {job_of(mint)}" in stopped.err
    assert mint("resume", job_of(mint)).status == 0
    assert len(service.operations()) == 1


@pytest.mark.covers("C5-click")
def test_resume_without_a_job_makes_no_decision(
    mint: RunMint, review: str, service: ThreadService
) -> None:
    """`resume` without a job does not decide on Previews, failures or jobs that need Credits."""
    mint("generate", "--prompt", "a mug [fails]")
    mint("generate", "--prompt", "a chair [billing-final]")
    before = len(service.log())
    ran = mint("resume")
    assert ran.status == 0
    assert "No jobs were interrupted." in ran.err
    assert len(service.log()) == before


@pytest.mark.parametrize(
    "prompt, mode, status",
    [("a lamp", "review", 6), ("a lamp [fails]", "auto", 1), ("a lamp", "auto", 0)],
)
def test_resume_of_a_job_that_cannot_be_resumed(
    mint: RunMint, prompt: str, mode: str, status: int
) -> None:
    """`resume JOB` of a job that cannot be resumed returns the job's status and the commands."""
    mint("generate", "--prompt", prompt, "--mode", mode)
    assert mint("resume", job_of(mint)).status == status


def test_resume_writes_missing_output(
    mint: RunMint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`resume` writes a file that a kill or an error left unwritten, without a request to Mint."""
    output = tmp_path / "out" / "lamp.glb"
    mint(*LAMP, "--mode", "review", "-o", str(output))
    output.parent.rmdir()
    output.parent.write_text("in the way")
    ran = mint("approve", job_of(mint))
    assert ran.status == 7
    assert "Mint's files are kept" in ran.error_text
    output.parent.unlink()
    assert mint("resume").status == 0
    assert output.is_file()


def test_place_needs_neither_network_nor_key(
    mint: RunMint, tmp_path: Path, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A finished model is written from the files on disk, any number of times."""
    mint(*LAMP)
    service.stop()
    monkeypatch.setenv("MINT_API_KEY", "")
    for name in ("one.glb", "two.glb"):
        assert mint("place", job_of(mint), "-o", str(tmp_path / name)).status == 0
    assert (tmp_path / "one.glb").read_bytes() == (tmp_path / "two.glb").read_bytes()


def test_place_downloads_missing_files(
    mint: RunMint, tmp_path: Path, service: ThreadService
) -> None:
    """Deleted downloads are downloaded again at no cost."""
    mint(*LAMP)
    record = mint("jobs", "--json").records[0]
    Path(record["files"]["model"]).unlink()
    assert mint("place", record["job"], "-o", str(tmp_path / "lamp.glb")).status == 0
    assert (tmp_path / "lamp.glb").is_file()
    assert len(service.operations()) == 1


def test_place_of_an_unfinished_job_is_refused(mint: RunMint, review: str, tmp_path: Path) -> None:
    """A job with a Preview cannot be placed: status 6 and the commands that continue it."""
    ran = mint("place", review, "-o", str(tmp_path / "lamp.glb"))
    assert ran.status == 6
    assert "not ready to place" in ran.error_text
    assert f"approve {review}" in ran.error_text


@pytest.mark.parametrize(
    "words", [["approve"], ["revise", "bluer"], ["retry"], ["cancel"]], ids=lambda words: words[0]
)
def test_an_impossible_decision_is_refused(
    mint: RunMint, words: list[str], service: ThreadService
) -> None:
    """A decision about a finished job is status 2, names its state, and sends nothing."""
    mint(*LAMP)
    before = len(service.log())
    ran = mint(words[0], job_of(mint), *words[1:])
    assert ran.status == 2
    assert "not possible now (Ready)" in ran.error_text
    assert len(service.log()) == before


def test_an_ambiguous_id_is_refused(mint: RunMint) -> None:
    """The start of an id that fits several jobs is refused."""
    starts: dict[str, str] = {}
    for number in range(17):  # sixteen first letters: two of seventeen ids begin alike
        mint("generate", "--prompt", f"lamp {number} [forbidden]")
        job = job_of(mint)
        if job[0] in starts:
            break
        starts[job[0]] = job
    ran = mint("cancel", job[0])
    assert ran.status == 2
    assert "More than one job begins with" in ran.error_text


def test_jobs_names_unsent_jobs_and_how_to_send_them(
    mint: RunMint, review: str, home: Path, service: ThreadService
) -> None:
    """`jobs` names the number, price and command of unsent jobs; --json is unchanged."""
    assert "never sent" not in mint("jobs").err
    with closing(Journal(home)) as journal:
        (known,) = journal.jobs()
        queued = replace(
            new_job(known.request, known.delivery, now=time.time() - 60, estimate=800.0),
            owner=known.owner,
        )
        journal.add(queued)
        before = len(service.log())
        assert (
            "1 queued job was never sent. To send it (about 800 Credits): "
            in mint("jobs").error_text
        )
        other = new_job(known.request, known.delivery, now=time.time() - 50)
        journal.add(replace(other, owner=known.owner))
    ran = mint("jobs", "--json")
    assert "2 queued jobs were never sent. To send them (about 800 Credits): " in ran.error_text
    assert [record["event"] for record in ran.records] == ["job"] * 3
    assert len(service.log()) == before


@pytest.fixture
def elsewhere(service: ThreadService, home: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a generation in another process that never ends by itself."""
    other = subprocess.Popen(
        command("generate", "--prompt", "a lamp [stuck]"),
        env=environment(service, home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert other.stderr is not None
    while "Generating" not in (line := other.stderr.readline()):
        assert line, "it ended by itself"
    yield other
    other.kill()
    other.communicate()


def test_resume_leaves_a_job_to_the_process_that_runs_it(
    mint: RunMint, service: ThreadService, elsewhere: subprocess.Popen[str]
) -> None:
    """`resume` does not take a job from the process that is running it, and says why."""
    ran = mint("resume")
    assert ran.status == 0
    assert "No jobs were interrupted." in ran.error_text
    ran = mint("resume", job_of(mint))
    assert ran.status == 1
    assert "Another process is working on it." in ran.error_text
    assert len(service.requests("POST", "/v1/models:generate")) == 1


def test_cancel_from_another_shell(
    mint: RunMint, service: ThreadService, elsewhere: subprocess.Popen[str]
) -> None:
    """The process that runs the job carries out the cancel; Mint is asked once."""
    service.scenario(cancel="everywhere")
    assert mint("cancel", job_of(mint)).status == 0
    assert elsewhere.wait(20) == 1
    assert [operation.status for operation in service.operations()] == ["canceled"]
    assert len(service.requests("POST", "*:cancel")) == 1


def test_cancel_after_the_process_ended(
    mint: RunMint, service: ThreadService, elsewhere: subprocess.Popen[str]
) -> None:
    """If the process of a job has ended, the command cancels it itself."""
    elsewhere.kill()
    elsewhere.wait()
    service.scenario(cancel="everywhere")
    assert mint("cancel", job_of(mint)).status == 0
    assert [operation.status for operation in service.operations()] == ["canceled"]


@pytest.mark.parametrize(
    "lives", [True, False], ids=["another process watches it", "its process has died"]
)
def test_cancel_that_mint_cannot_do_is_reported(
    mint: RunMint, service: ThreadService, elsewhere: subprocess.Popen[str], lives: bool
) -> None:
    """If Mint cannot cancel, the command says at once that the job continues and costs Credits."""
    if not lives:
        elsewhere.kill()
        elsewhere.wait()
    ran = mint("cancel", job_of(mint))
    assert ran.status == 1
    assert "Mint cannot cancel this now. It continues" in ran.error_text
    assert "its result will be kept" in ran.error_text
    assert [operation.status for operation in service.operations()] == ["running"]
    assert mint("jobs", "--json").records[0]["state"] == "Generating"
