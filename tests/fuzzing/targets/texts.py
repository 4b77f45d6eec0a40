# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of users and of Mint: prompts, names, feedback, splat tiers, titles."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from mint_blender.cli.terminal import safe_line
from mint_blender.files import download_folder, file_choice
from mint_blender.jobs import new_jobs
from mint_blender.jobs.presentation import error_messages
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.storage import serialization
from mint_blender.message import Message, listed, message_of, sentences
from mint_blender.mint.generation_request import GenerationRequest, feedback_error
from mint_blender.mint.schema import Operation

from ...jobs.workflow_harness import a_job
from ...mint.sample_answers import OPERATION
from ..checks import check_printed, check_sentence, text_of
from ..target import Target


def try_text(data: bytes) -> None:
    """Use a text in every place where a person or Mint may write one."""
    text = text_of(data)
    _try_name(text)
    _try_request(text)
    _try_message(text)
    _try_operation(text)
    file_choice.splat_count(text)
    chosen = file_choice.choose_splats({text: "https://a.example/x", "100k": None}, text)
    assert chosen == (None if text == "100k" else (text, "https://a.example/x"))
    check_sentence(file_choice.explain_missing([text]))


def _try_name(text: str) -> None:
    name = download_folder.safe_name(text)
    assert name not in {"", ".", ".."} and not set(name) & set('<>:"/\\|?*\0')
    assert name == name.strip(" .") and Path(name).name == name
    assert len(name) <= download_folder.MAX_NAME_LENGTH + 1
    assert len(name.encode()) <= download_folder.MAX_NAME_BYTES + 1 <= 255
    assert not download_folder.RESERVED.fullmatch(name.partition(".")[0].strip())


def _try_request(text: str) -> None:
    """Check the text as a prompt and a name; if it is accepted, it can be sent and stored."""
    request = GenerationRequest.parse(
        kind="model", prompt=text, preset="fast", mode="auto", name=text[:120] or None
    )
    complaint = new_jobs.complaint(request)
    for each in (complaint, feedback_error(text)):
        if each is not None:
            check_sentence(each)
    if complaint is not None:
        return
    json.dumps(request.body(()), ensure_ascii=False).encode()
    job = replace(a_job(), request=request, requests=())
    assert serialization.load(serialization.dump(job), job.phase) == job
    assert job.title.encode() and len(job.title) <= 60
    JobView(job).report()


def _try_message(text: str) -> None:
    message = sentences(Message("{a} is {b:,}.", a=text, b=1), message_of(text))
    for each in (message, listed([text, message]), Message(text)):
        assert Message.from_json(json.loads(json.dumps(each.to_json()))) == each
    safe = safe_line(text)
    assert safe == safe_line(safe)


def _try_operation(text: str) -> None:
    """Use the text wherever an operation has one that a person reads."""
    error = dict.fromkeys(("code", "message", "failureReason", "retryGuidance"), text[:200])
    billing = OPERATION["billing"] | {"actionUrl": text[:200], "reason": text}
    operation = Operation.from_json(
        OPERATION | {"error": error, "billing": billing, "prompt": text}
    )
    for problem in (error_messages.failed_work(operation), error_messages.billing(operation)):
        check_printed(str(problem.message))


TARGETS = (
    Target(
        "texts",
        try_text,
        (
            b"a small ceramic lamp with an orange shade",
            "eine Lampe, 100 % \u201esch\u00f6n\u201c".encode(),
            "\u202eetal a\u202c lamp \u2066x\u2069".encode(),
            "\u0645\u0635\u0628\u0627\u062d 👩\u200d🔧 \u6728".encode(),
            b"\x1b]0;title\x07 \x9b31m {a} {0} {",
            b"\xed\xa0\x80 half",
            b"500k",
            b"con.aux .. ",
            b"KHR_draco_mesh_compression",
        ),
    ),
)
