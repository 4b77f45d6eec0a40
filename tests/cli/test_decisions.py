# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands about jobs: each finds its job by the beginning of its id, does one thing, and pays
nothing twice.
"""

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
from .command_runner import LAMP, RunMint, command, environment


def job_of(mint: RunMint) -> str:
    """The newest job's id."""
    return str(mint("jobs", "--json").records[0]["job"])


@pytest.fixture
def review(mint: RunMint) -> str:
    """A job whose Preview waits."""
    assert mint(*LAMP, "--mode", "review").status == 6
    return job_of(mint)


def test_approve_continues_to_the_end(mint: RunMint, review: str, service: ThreadService) -> None:
    """The first letters of the id are enough; the files are there afterwards."""
    ran = mint("approve", review[:4])
    assert ran.status == 0
    assert ".glb" in ran.out
    assert len(service.requests("POST", "*:approve")) == 1


def test_approve_writes_what_generate_was_asked_for(mint: RunMint, tmp_path: Path) -> None:
    """The -o of `generate` is remembered across the wait for a person."""
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


def test_a_revision_without_words_is_refused(
    mint: RunMint, review: str, service: ThreadService
) -> None:
    """Empty or endless feedback is status 2 before anything is sent."""
    assert mint("revise", review, " ").status == 2
    assert mint("revise", review, "x" * 2001).status == 2
    assert not service.requests("POST", "*:revise")


def test_cancel_stops_it_at_mint(mint: RunMint, review: str, service: ThreadService) -> None:
    """To cancel is a success of this command."""
    assert mint("cancel", review).status == 0
    assert [operation.status for operation in service.operations()] == ["canceled"]
    assert "Canceled" in mint("jobs").out


def test_retry_is_a_new_attempt(mint: RunMint, service: ThreadService) -> None:
    """A failed generation says which command tries again; that one works."""
    failed = mint("generate", "--prompt", "a lamp [transient]")
    assert failed.status == 1
    assert f"retry {job_of(mint)}" in failed.err
    assert mint("retry", job_of(mint)).status == 0
    assert len(service.requests("POST", "*:retry")) == 1


def test_dismiss_takes_it_off_the_list_and_keeps_the_files(mint: RunMint) -> None:
    """What was made is still on disk."""
    mint(*LAMP)
    record = mint("jobs", "--json").records[0]
    assert mint("dismiss", record["job"]).status == 0
    assert "There are no jobs." in mint("jobs").err
    assert all(Path(path).is_file() for path in record["files"].values())


def test_resume_after_credits_were_bought(mint: RunMint, service: ThreadService) -> None:
    """Status 4 names the command; after the purchase it finishes the same operation."""
    stopped = mint("generate", "--prompt", "a lamp [billing-final]")
    assert stopped.status == 4
    assert f"resume {job_of(mint)}" in stopped.err
    assert mint("resume", job_of(mint)).status == 0
    assert len(service.operations()) == 1


def test_resume_without_a_job_leaves_alone_what_waits_for_a_person(
    mint: RunMint, review: str, service: ThreadService
) -> None:
    """A Preview, a failure and a job that needs Credits are decisions: nobody makes them by
    resuming everything.
    """
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
def test_resume_of_a_job_that_rests_says_how_it_stands(
    mint: RunMint, prompt: str, mode: str, status: int
) -> None:
    """`resume JOB` where there is nothing to go on with gives the job's own status, and what can be
    done.
    """
    mint("generate", "--prompt", prompt, "--mode", mode)
    assert mint("resume", job_of(mint)).status == status


def test_resume_writes_what_was_left_unwritten(
    mint: RunMint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the download and the writing, or unable to write: `resume` writes it, without
    asking Mint again.
    """
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
    """A finished model is written from the files on disk, as often as one likes."""
    mint(*LAMP)
    service.stop()
    monkeypatch.setenv("MINT_API_KEY", "")
    for name in ("one.glb", "two.glb"):
        assert mint("place", job_of(mint), "-o", str(tmp_path / name)).status == 0
    assert (tmp_path / "one.glb").read_bytes() == (tmp_path / "two.glb").read_bytes()


def test_place_fetches_again_what_is_no_longer_on_disk(
    mint: RunMint, tmp_path: Path, service: ThreadService
) -> None:
    """A cleared download folder costs another download and no Credits."""
    mint(*LAMP)
    record = mint("jobs", "--json").records[0]
    Path(record["files"]["model"]).unlink()
    assert mint("place", record["job"], "-o", str(tmp_path / "lamp.glb")).status == 0
    assert (tmp_path / "lamp.glb").is_file()
    assert len(service.operations()) == 1


def test_place_of_an_unfinished_job_says_what_is_missing(
    mint: RunMint, review: str, tmp_path: Path
) -> None:
    """A Preview is not a result: status 6 and the commands that go on."""
    ran = mint("place", review, "-o", str(tmp_path / "lamp.glb"))
    assert ran.status == 6
    assert "not ready to place" in ran.error_text
    assert f"approve {review}" in ran.error_text


@pytest.mark.parametrize(
    "words", [["approve"], ["revise", "bluer"], ["retry"], ["cancel"]], ids=lambda words: words[0]
)
def test_what_makes_no_sense_now_is_refused_in_words(
    mint: RunMint, words: list[str], service: ThreadService
) -> None:
    """A decision about a finished job is status 2, says how the job stands, and sends nothing."""
    mint(*LAMP)
    before = len(service.log())
    ran = mint(words[0], job_of(mint), *words[1:])
    assert ran.status == 2
    assert "not possible now (Ready to place)" in ran.error_text
    assert len(service.log()) == before


def test_an_ambiguous_beginning_is_refused(mint: RunMint) -> None:
    """Where several jobs begin alike nothing is done to any of them."""
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


def test_the_list_says_what_sends_the_queue_of_an_earlier_session(
    mint: RunMint, review: str, home: Path, service: ThreadService
) -> None:
    """Nothing sends it by itself: the list tells how many wait, what they cost and the command, and
    a program's output stays as it was.
    """
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
        journal.add(replace(queued, id="0123456789ab", key="another", estimate=None))
    ran = mint("jobs", "--json")
    assert "2 queued jobs were never sent. To send them (about 800 Credits): " in ran.error_text
    assert [record["event"] for record in ran.records] == ["job"] * 3
    assert len(service.log()) == before


@pytest.fixture
def elsewhere(service: ThreadService, home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another shell, in which a generation runs that never ends by itself."""
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


def test_a_job_that_another_process_works_on_is_left_to_it(
    mint: RunMint, service: ThreadService, elsewhere: subprocess.Popen[str]
) -> None:
    """While `generate` runs in one shell, `resume` in another starts nothing: alone it finds
    nothing to do, asked for the job it says why.
    """
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
    """The process that watches the job carries it out: both commands end, and Mint is asked once."""
    service.scenario(cancel="everywhere")
    assert mint("cancel", job_of(mint)).status == 0
    assert elsewhere.wait(20) == 1
    assert [operation.status for operation in service.operations()] == ["canceled"]
    assert len(service.requests("POST", "*:cancel")) == 1


def test_cancel_of_a_job_whose_process_has_died(
    mint: RunMint, service: ThreadService, elsewhere: subprocess.Popen[str]
) -> None:
    """Nobody drives it any more: the command does it itself."""
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
    """It goes on, costs something, and its result is kept: that is said at once, and the job stays
    on the list as it is.
    """
    if not lives:
        elsewhere.kill()
        elsewhere.wait()
    ran = mint("cancel", job_of(mint))
    assert ran.status == 1
    assert "Mint cannot cancel this now. It continues" in ran.error_text
    assert "its result will be kept" in ran.error_text
    assert [operation.status for operation in service.operations()] == ["running"]
    assert mint("jobs", "--json").records[0]["state"] == "Generating"
