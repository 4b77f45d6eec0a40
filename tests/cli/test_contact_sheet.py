# SPDX-License-Identifier: GPL-3.0-or-later
"""The contact sheet `index.html` of a batch: what it shows, and that it needs no network."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from mint_blender.application.batch.result_files import LineReport, LineState
from mint_blender.cli.batch import contact_sheet
from mint_blender.jobs.batch_lines import Line
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.paid_requests.record import made_elsewhere
from mint_blender.jobs.phases import Phase
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Operation, Preset

from ..jobs.paid_requests import records
from .batch_helpers import Batch


def test_every_line_has_a_card(batch: Batch) -> None:
    """Every line has a card with picture, prompt, Credits, working links, reason and commands."""
    batch.lines(
        {"prompt": "a lamp", "name": "The Lamp"},
        {"prompt": "a sword [moderation]"},
        {"prompt": "a mug", "mode": "review"},
        {"prompt": "a throne [billing-final] [billing-unpaid]"},
    )
    assert batch().status == 1
    sheet = batch.sheet
    lamp, sword, mug, throne = sheet.cards
    assert batch.states == ["done", "failed", "waiting", "waiting"]
    assert (lamp.parts["h2"], lamp.parts["prompt"]) == ("The Lamp", "a lamp")
    assert "model · fast · 248 Credits" in lamp.parts["facts"]
    assert lamp.pictures == ["./0001-the-lamp.webp"]
    assert lamp.links[:3] == [f"./0001-the-lamp.{end}" for end in ("webp", "glb", "json")]
    assert lamp.links[3].startswith("https://") and "code" not in lamp.parts
    assert "Mint's moderation rejected" in sword.parts["why"]
    assert re.match(r".* retry [0-9a-f]+", sword.parts["code"])
    assert "Preview ready" in mug.parts["waiting"] and mug.pictures
    assert " approve " in mug.parts["code"]
    assert "Buy them at" in throne.parts["waiting"] and " resume " in throne.parts["code"]
    assert sheet.filters == ["all", "done", "failed", "waiting"]
    assert '"Iptc4xmpExt:DigitalSourceType"' in sheet.text
    assert "/trainedAlgorithmicMedia" in sheet.text
    assert " ".join(sheet.header.split()).startswith("a a.jsonl · ")
    assert "4 lines1 done1 failed2 waiting" in sheet.header


@pytest.mark.covers("S-page")
def test_the_sheet_needs_no_network(batch: Batch) -> None:
    """All pictures and links are relative, and a policy forbids loading anything else."""
    batch.lines({"prompt": "a lamp"}, {"prompt": "лампа № 1"})
    assert batch().status == 0
    sheet = batch.sheet
    inside = [address for address in sheet.addresses if address.startswith("./")]
    outside = [address for address in sheet.addresses if address not in inside]
    assert len(outside) == 2, "only what is clicked may lead outside"
    assert all(address.startswith("https://") for address in outside)
    assert all((batch.out / unquote(address)).is_file() for address in inside)
    assert not sheet.tags & {"script", "link", "iframe", "object", "embed", "base", "form"}
    assert "url(" not in sheet.text and "@import" not in sheet.text
    assert sheet.policy.startswith("default-src 'none'")


def test_unknown_costs_are_named_beside_the_sum() -> None:
    """A line whose cost is not reported yet is named beside the sum."""

    def entry(number: int, **job: Any) -> LineReport:
        request = GenerationRequest(Kind.MODEL, f"lamp {number}", Preset.FAST)
        made = replace(new_job(request, Delivery(), now=1.0), **job)
        line = Line(number, str(number), request, Delivery(), None, ".glb", None)
        return LineReport(line, made, LineState.RUNNING)

    told = {"id": "op_1", "status": "succeeded", "credits": {"finalized": 248, "reserved": 0}}
    running = Operation.from_json({"id": "op_2", "status": "running"})
    entries = [
        entry(1, phase=Phase.PLACED, requests=(made_elsewhere("1", Operation.from_json(told)),)),
        entry(2, phase=Phase.WORKING, requests=(made_elsewhere("2", running),)),
        entry(3, phase=Phase.SENDING, requests=(records.sent(),)),
        entry(4),
    ]
    now = datetime.now().astimezone()
    unknown = "<b>248</b> Credits plus the unknown cost of 2 lines</p>"
    assert unknown in contact_sheet.page("a.jsonl", entries, now)
    assert "<b>248</b> Credits</p>" in contact_sheet.page("a.jsonl", entries[::3], now)


@pytest.mark.covers("S-page")
def test_markup_is_escaped(batch: Batch, tmp_path: Path) -> None:
    """Markup in prompts, names, reasons and addresses is shown as text."""
    evil = """<img src=x onerror=alert(1)> "quoted" 'and' &amp; </article><script>alert(2)</script> [start-fails]"""
    title = "a & b" if os.name == "nt" else "a & <b>"  # Windows has no such names
    hostile = replace(batch, file=tmp_path / f"{title}.jsonl")
    long = f"{evil} {'long ' * 100}"
    hostile.lines({"prompt": evil, "name": '"><b>x</b>'}, {"prompt": long})
    assert hostile().status == 1
    first, second = hostile.sheet.cards
    assert (first.parts["prompt"], first.parts["h2"]) == (evil, '"><b>x</b>')
    assert "long" in second.parts["prompt"]
    assert not {"script", "img"} & hostile.sheet.tags
    assert title in hostile.sheet.header


def test_another_index_html_is_not_overwritten(batch: Batch) -> None:
    """An index.html that is not a contact sheet is an error before anything is started."""
    batch.lines({"prompt": "lamp 1"})
    batch.out.mkdir()
    (batch.out / "index.html").write_text("<h1>My own page</h1>")
    ran = batch()
    assert ran.status == 7
    assert "that is not a contact sheet" in ran.error_text
    assert "Nothing was started." in ran.error_text
    assert (batch.out / "index.html").read_text() == "<h1>My own page</h1>"
    assert not batch.service.operations()
