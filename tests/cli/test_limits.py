# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of the preferences on the command line and in Python, and the spent Credits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import mint_blender
from mint_blender.cli import session
from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Preset

from ..mint_service.runner import ThreadService
from .command_runner import LAMP, RunMint
from .test_batch_limit import cheap

Set = Callable[[Limits], None]


@pytest.fixture
def preferences(monkeypatch: pytest.MonkeyPatch) -> Set:
    """Set limits as the preferences do; tests/ui/test_limits.py tests where they come from."""
    return lambda limits: monkeypatch.setattr(session, "limits", lambda: limits)


def test_a_generation_above_the_limit(
    mint: RunMint, service: ThreadService, preferences: Set
) -> None:
    """The sentence has price and limit; a price equal to the limit is allowed."""
    preferences(Limits(each=247))
    ran = mint(*LAMP)
    assert ran.status == 4
    assert (
        "about 248 Credits, more than your limit of 247 Credits per generation. Nothing was started."
        in ran.error_text
    )
    assert not service.operations()
    preferences(Limits(each=248))
    assert mint(*LAMP).status == 0


def test_a_day_above_the_limit(mint: RunMint, service: ThreadService, preferences: Set) -> None:
    """Today's earlier commands count, dismissed jobs too; --max-credits does not lift the limit."""
    preferences(Limits(day=500))
    assert mint(*LAMP).status == 0
    assert mint(*LAMP).status == 0
    for record in mint("jobs", "--json").records:
        assert mint("dismiss", str(record["job"])).status == 0
    ran = mint(*LAMP, "--max-credits", "100000")
    assert ran.status == 4
    assert "With the 496 Credits spent today" in ran.error_text
    assert len(service.operations()) == 2


@pytest.mark.covers("C17-unknown")
def test_an_unknown_price(mint: RunMint, service: ThreadService, preferences: Set) -> None:
    """With a limit an unknown price is refused; without a limit it is not."""
    service.scenario(
        answers=[
            {
                "method": "POST",
                "path": "/v1/pricing:estimate",
                "times": 100,
                "answer": {"status": 404},
            }
        ]
    )
    preferences(Limits(each=10_000))
    ran = mint(*LAMP)
    assert ran.status == 4
    assert (
        "Mint did not return a price, so your limit of 10,000 Credits per generation cannot be checked."
        in ran.error_text
    )
    preferences(Limits())
    assert mint(*LAMP).status == 0
    assert len(service.operations()) == 1


def test_a_retry_above_the_limit(mint: RunMint, service: ThreadService, preferences: Set) -> None:
    """A retry above the limit is refused; without the limit it runs."""
    assert mint("generate", "--prompt", "a lamp [transient]", "--preset", "fast").status == 1
    (record,) = mint("jobs", "--json").records
    preferences(Limits(each=100))
    assert mint("retry", str(record["job"])).status == 4
    assert not service.requests("POST", "*:retry")
    preferences(Limits())
    assert mint("retry", str(record["job"])).status == 0


def test_a_batch_above_a_limit(
    mint: RunMint, service: ThreadService, preferences: Set, tmp_path: Path
) -> None:
    """The sum of a batch is checked against the day, each line against the limit for one."""
    file = tmp_path / "lamps.jsonl"
    file.write_text(
        "".join(
            f'{{"prompt": "lamp {number}", "preset": "fast", "format": "glb"}}\n'
            for number in range(3)
        ),
        encoding="utf-8",
    )
    words = ("batch", str(file), "-o", str(tmp_path / "out"))
    for limits, sentence in (
        (Limits(day=743), "daily limit of 743 Credits"),
        (Limits(each=200), "limit of 200 Credits per"),
    ):
        preferences(limits)
        ran = mint(*words)
        assert ran.status == 4
        assert sentence in ran.error_text
    assert not service.operations()
    preferences(Limits(each=248, day=744))
    assert mint(*words).status == 0
    assert len(service.operations()) == 3


def test_in_python(signed_in: ThreadService, preferences: Set) -> None:
    """The Python interface raises TooExpensive, as for max_credits."""
    preferences(Limits(each=1))
    with pytest.raises(mint_blender.TooExpensive, match="your limit of 1 Credits per generation"):
        mint_blender.generate("a lamp", max_credits=100_000)
    assert not signed_in.operations()


def test_a_following_optimization_counts(
    signed_in: ThreadService, mint: RunMint, preferences: Set, tmp_path: Path
) -> None:
    """A following optimization counts everywhere: refused if its price is unknown or too high."""
    file = tmp_path / "lamps.jsonl"
    file.write_text(
        '{"prompt": "a lamp", "preset": "fast", "format": "glb", "optimize": "light"}\n',
        encoding="utf-8",
    )
    batch = ("batch", str(file), "-o", str(tmp_path / "out"))
    single = (*LAMP, "--optimize", "light")
    for limits, sentence in (
        (Limits(each=10_000), "price of an optimization once there is a model"),
        (Limits(each=267), "about 268 Credits"),
    ):
        preferences(limits)
        for words in (single, batch):
            ran = mint(*words)
            assert ran.status == 4 and sentence in ran.error_text
        with pytest.raises(mint_blender.TooExpensive, match=sentence):
            mint_blender.generate("a lamp", preset="fast", optimize="light")
        assert not signed_in.operations() or limits.each == 267
        preferences(Limits())
        assert mint(*LAMP).status == 0  # from now on there is a model
    preferences(Limits(each=268))
    assert mint(*single).status == 0
    assert mint(*batch).status == 0


def test_the_list_of_models_is_refused(
    service: ThreadService, mint: RunMint, preferences: Set
) -> None:
    """If Mint refuses the list of models, the last known price of optimizing counts, if any."""
    service.scenario(
        answers=[{"method": "GET", "path": "/v1/models", "times": 100, "answer": {"status": 403}}]
    )
    single = (*LAMP, "--optimize", "light")
    for limits, words in ((Limits(), ("--max-credits", "10000")), (Limits(each=10_000), ())):
        preferences(limits)
        ran = mint(*single, *words)
        assert ran.status == 4 and "cannot be checked" in ran.error_text
        assert not service.operations()
    preferences(Limits())
    assert mint(*single).status == 0
    assert mint("dismiss", str(mint("jobs", "--json").records[0]["job"])).status == 0
    ran = mint(*single, "--max-credits", "267")
    assert ran.status == 4 and "about 268 Credits" in ran.error_text
    assert mint(*single, "--max-credits", "268").status == 0


def test_usage_includes_the_last_month(mint: RunMint) -> None:
    """`usage` shows this computer's generations, Credits and failures, also with --json."""
    assert "Last 30 days on this computer: 0 generations, 0 Credits\n" in mint("usage").out
    mint(*LAMP)
    mint("generate", "--prompt", "a lamp [moderation]", "--preset", "fast")
    mint("dismiss", str(mint("jobs", "--json").records[0]["job"]))
    lines = mint("usage").out.splitlines()
    assert "Last 30 days on this computer: 2 generations, 248 Credits, 50% failed" in lines
    assert lines[-1].endswith("########################  2 generations, 1 failed")
    (record,) = mint("usage", "--json").records
    told = record["journal"]
    (day,) = told.pop("by_day")
    assert told == {"days": 30, "generations": 2, "credits": 248, "failed": 1, "failed_share": 0.5}
    assert (day["generations"], day["credits"], day["failed"]) == (2, 248, 1)


def test_jobs_show_their_cost(mint: RunMint) -> None:
    """`jobs` shows the cost of finished jobs, nothing for failed ones, and reserved Credits."""
    mint(*LAMP)
    mint("generate", "--prompt", "a vase [moderation]", "--preset", "fast")
    mint("generate", "--prompt", "a mug", "--preset", "fast", "--mode", "review")
    told = mint("jobs").out
    assert "a lamp: Ready (248 Credits)" in told
    assert "a mug: Preview ready (248 Credits reserved)" in told
    assert any(
        "a vase" in line and line.endswith("(No Credits charged)") for line in told.splitlines()
    )


def in_review(mint: RunMint, *more: str) -> str:
    """Return the id of a job whose Preview waits."""
    assert mint(*LAMP, "--mode", "review", *more).status == 6
    return str(mint("jobs", "--json").records[0]["job"])


def test_approving_and_revising_above_a_limit(
    mint: RunMint, service: ThreadService, preferences: Set
) -> None:
    """Above the limit, `approve` and `revise` are status 4; the paid Preview counts once."""
    job = in_review(mint)
    preferences(Limits(each=247))
    for words in (("approve", job), ("revise", job, "in green")):
        ran = mint(*words)
        assert (
            ran.status == 4
            and "more than your limit of 247 Credits per generation" in ran.error_text
        )
    assert not service.requests("POST", "*:approve") and not service.requests("POST", "*:revise")
    preferences(Limits(each=248, day=248))
    assert mint("approve", job).status == 0


def test_a_price_is_asked_for_again(
    mint: RunMint, service: ThreadService, preferences: Set
) -> None:
    """A decision waits for Mint as long as any command does, and says so."""
    job = in_review(mint)
    preferences(Limits(each=248))
    failing = {"method": "POST", "path": "/v1/pricing:estimate", "times": 1}
    service.scenario(answers=[{**failing, "answer": {"word": "503"}}])
    ran = mint("approve", job)
    assert ran.status == 0
    assert "Retrying in" in ran.err


def test_approving_in_python_above_a_limit(
    mint: RunMint, service: ThreadService, preferences: Set
) -> None:
    """Approving in Python raises TooExpensive if the rest of the day's limit was spent."""

    def review(preview: object) -> str:
        preferences(Limits())
        assert mint(*LAMP).status == 0
        return "approve"

    preferences(Limits(day=495))
    with pytest.raises(
        mint_blender.TooExpensive, match=r"about 98 Credits\. With the 398 Credits spent today"
    ):
        mint_blender.generate("a mug", preset="fast", mode="review", review=review)
    assert not service.requests("POST", "*:approve")


@pytest.mark.covers("R-limit")
def test_max_credits_belongs_to_the_job(mint: RunMint, service: ThreadService) -> None:
    """The limit of a job holds for later commands, until one sets another limit."""
    job = in_review(mint, "--max-credits", "300")
    service.scenario(answers=[cheap(700, times=3)])
    ran = mint("approve", job)
    assert (
        ran.status == 4
        and "about 700 Credits in total, more than its limit of 300 Credits" in ran.error_text
    )
    assert mint("revise", job, "in green").status == 4
    assert not service.requests("POST", "*:approve") and not service.requests("POST", "*:revise")
    assert mint("approve", job, "--max-credits", "700").status == 0


@pytest.mark.covers("R-limit")
def test_a_resumed_job_keeps_its_limit(mint: RunMint, service: ThreadService, home: Path) -> None:
    """Resuming an unsent job fetches the price again; above the limit it is status 4."""
    job = new_job(
        GenerationRequest(Kind.MODEL, "a lamp", Preset.FAST), Delivery(), now=1.0, estimate=100.0
    )
    journal = Journal(home)
    journal.add(replace(job, max_credits=247.0))
    journal.close()
    for _ in range(2):
        ran = mint("resume", job.id)
        assert (
            ran.status == 4
            and "about 248 Credits in total, more than its limit of 247 Credits. Nothing was sent."
            in ran.error_text
        )
        (told,) = mint("jobs", "--json").records
        assert (told["phase"], told["trouble"]["code"]) == ("paused", "max_credits")
    assert not service.operations()
    assert mint("resume", job.id, "--max-credits", "248").status == 0
    assert len(service.operations()) == 1
