# SPDX-License-Identifier: GPL-3.0-or-later
"""What was clicked, against the ledger of the service and the journal: paid once, nothing lost."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from mint_blender.jobs.diagnostics import checks
from mint_blender.jobs.job import Job
from mint_blender.jobs.storage.journal import Journal
from tests.mint_service.records import Operation
from tests.mint_service.runner import Service

CLICKS = {"place", "resume", "retry"}
"""After these a result that was placed may be placed again."""


def violations(folder: Path, service: Service) -> list[str]:
    """Return a sentence for each rule that was broken."""
    facts = read_facts(folder)
    with closing(Journal(folder / "home")) as journal:
        records = list(journal._read(""))
    jobs = {each.id: each for each in records if isinstance(each, Job)}
    found = [f"the job {each.id} cannot be read" for each in records if each.id not in jobs]
    if (content := checks.read_journal(folder / "home")) is not None:
        found += [f"the records of {each} cannot be right" for each in content.wrong_jobs]
    operations = service.operations()
    found += paid_twice(facts, jobs, operations)
    found += lost(facts, jobs, operations)
    found += placed_twice(facts)
    if service.leaks():
        found.append("the key went to the file host")
    return found


def read_facts(folder: Path) -> list[dict[str, Any]]:
    """Return the facts in their order. The last line of a killed process may be torn."""
    path, facts = folder / "facts.jsonl", []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            facts.append(json.loads(line))
        except ValueError:
            continue
    return facts


def paid_twice(
    facts: list[dict[str, Any]], jobs: dict[str, Job], operations: list[Operation]
) -> list[str]:
    """Return where Mint has more operations or Previews than were clicked."""
    starts = Counter(each["prompt"] for each in facts if each["what"] == "start")
    prompts = {job.id: job.request.prompt for job in jobs.values()}
    clicks = Counter(
        (each["what"], prompts.get(each["job"])) for each in facts if each.get("job") is not None
    )
    ordered = Counter(each["asset"] for each in facts if each["what"] == "optimize")
    clicked = [
        (each["asset"], words)
        for each in facts
        if each["what"] == "animate"
        for words in each["motions"]
    ]
    failed = Counter(
        each.resource
        for each in operations
        if each.type == "model_animation" and each.status == "failed"
    )
    for asset, count in Counter(asset for asset, _ in clicked).items():
        words = len({words for of, words in clicked if of == asset})
        # the same words are paid once, unless that has failed
        ordered[asset] += words + min(count - words, failed[asset])
    assets = {job.id: job.source_asset_id for job in jobs.values() if job.motion is not None}
    ordered.update(
        assets[each["job"]]
        for each in facts
        if each.get("job") in assets and each["what"] == "retry"
    )
    found = []
    generations = [each for each in operations if each.generates]
    for prompt, count in Counter(each.prompt for each in generations).items():
        revisions = sum(len(each.feedback) for each in generations if each.prompt == prompt)
        # a retry is a new operation at Mint, or a new start
        most = starts[prompt] + clicks["retry", prompt]
        if count > most:
            found.append(f"{count} operations for {most} clicks: {prompt}")
        written = {each["feedback"] for each in facts if each["what"] == "revise"}
        if other := {text for each in generations for text in each.feedback} - written:
            found.append(f"nobody has written {other}")
        if revisions > clicks["revise", prompt]:
            found.append(f"{revisions} revisions for {clicks['revise', prompt]} clicks: {prompt}")
    others = Counter(each.resource for each in operations if not each.generates)
    for asset, count in others.items():
        if count > ordered[asset]:
            found.append(f"{count} follow-ups for {ordered[asset]} clicks: {asset}")
    return found


def lost(
    facts: list[dict[str, Any]], jobs: dict[str, Job], operations: list[Operation]
) -> list[str]:
    """Return the jobs that are gone, and the operations at Mint that no job knows.

    A job that was tried again forgets the operation that had failed.
    """
    made = {each["job"] for each in facts if each["what"] == "made"}
    found = [f"the job {each} is gone" for each in sorted(made - set(jobs))]
    known = {each.id for job in jobs.values() for each in job.operations}
    known |= {job.operation.id for job in jobs.values() if job.operation is not None}
    retries = {each["job"] for each in facts if each["what"] == "retry"}
    tried_again = {job.request.prompt for job in jobs.values() if job.id in retries}
    found += [
        f"no job knows the operation {each.id} ({each.status}): {each.prompt}"
        for each in operations
        if each.generates
        and each.finalized > 0
        and each.id not in known
        and not (each.status in {"failed", "canceled"} and each.prompt in tried_again)
    ]
    return found


def placed_twice(facts: list[dict[str, Any]]) -> list[str]:
    """Return the jobs that were placed more often than asked for.

    The first time is asked for by Generate, Import or Replace. A process that was killed right
    after an import has taken the result with it.
    """
    allowed, count, open_marks = Counter[str](), Counter[str](), set[str]()
    found = []
    for each in facts:
        job = str(each.get("job"))
        if each["what"] in CLICKS:
            allowed[job] += 1
        elif each["what"] == "placing":
            open_marks.add(job)
        elif each["what"] == "placed":
            count[job] += 1
            if count[job] > allowed[job] + 1:
                found.append(f"the result of {job} was placed {count[job]} times")
        elif each["what"] == "recorded":
            open_marks.discard(job)
        elif each["what"] == "kill":
            allowed.update(open_marks)
            open_marks.clear()
    return found
