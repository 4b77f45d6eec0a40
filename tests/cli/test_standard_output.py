# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command prints and logs, on each kind of stream; signals, full disks, other systems."""

from __future__ import annotations

import errno
import importlib.util
import json
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mint_blender.application import session
from mint_blender.cli import commands, exits, reports
from mint_blender.cli.batch import result_writer
from mint_blender.cli.batch.result_writer import ResultWriter
from mint_blender.cli.terminal import LiveDisplay, Terminal, safe_lines
from mint_blender.delivery import blender_runtime, write_files
from mint_blender.delivery.background import BlenderPool
from mint_blender.files import disk
from mint_blender.files.disk import naming
from mint_blender.jobs.batch_folder import batch_lease
from mint_blender.mint.retry import PollIntervals

from ..conftest import DOES_NOT_APPLY
from ..mint.generation_helpers import PIXEL
from ..mint_service.runner import ThreadService
from .batch_helpers import Batch, lines_of
from .command_runner import (
    LAMP,
    RunMint,
    command,
    environment,
    press_ctrl_c,
    read_until,
    run,
    run_on_terminal,
    start,
)


def test_in_a_pipe_every_change_is_one_plain_line(mint: RunMint) -> None:
    """Where standard error is no terminal, each state is one plain line without control codes."""
    ran = mint(*LAMP)
    assert ran.status == 0
    assert "\x1b" not in ran.err + ran.out and "\r" not in ran.err + ran.out
    lines = ran.err.splitlines()
    assert len(lines) == len(set(lines)) >= 3
    assert all(line.startswith("a lamp: ") for line in lines)
    assert ran.out.startswith("a lamp: Ready")


def test_every_command_prints_json(mint: RunMint) -> None:
    """With --json every command prints only objects with an `event`."""
    mint(*LAMP)
    lists = [("jobs",), ("models",), ("worlds",), ("usage",), ("check",), ("resume",)]
    for words in (*lists, ("approve", "x"), ("place", "x", "-o", "x.glb")):
        assert all(record["event"] for record in mint(*words, "--json").records), words


@pytest.mark.windows
def test_for_programs_standard_output_is_json_lines(service: ThreadService, home: Path) -> None:
    """Each event is an object, the result the last one, progress on standard error, in any encoding."""
    prompt = "une lampe à pied 灯 \U0001f4a1"
    words = ("generate", "--prompt", prompt, "--mode", "review", "--json")
    ran = run(service, home, *words, PYTHONIOENCODING="ascii")
    assert (ran.status, ran.records[-1]) == (6, ran.result)
    assert {record["event"] for record in ran.records} == {"state", "result"}
    assert (ran.result["phase"], ran.result["prompt"]) == ("review", prompt)
    assert "Preview ready" in ran.err


@pytest.mark.slow
def test_a_terminal_gets_a_live_display(service: ThreadService, home: Path, tmp_path: Path) -> None:
    """It shows prompts as they are, without markup, and how far a batch is."""
    pytest.importorskip("rich", reason=DOES_NOT_APPLY + "without rich there are plain lines")
    waiting = {"prompt": "a [red] chest [/bold]", "mode": "review"}
    lamps = ({"prompt": f"lamp {number}"} for number in range(3))
    file = lines_of(tmp_path / "a.jsonl", waiting, *lamps)
    words = ("batch", str(file), "-o", str(tmp_path / "out"), "--jobs", "1", "--json")
    ran = run_on_terminal(service, home, *words)
    assert ran.status == 6
    assert ran.records[-1]["event"] == "batch"
    assert "\x1b[" in ran.err and "━" in ran.err
    assert any(spin in ran.err for spin in "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
    assert "a [red] chest [/bold]" in ran.err
    shown = re.findall(r"\d of 4 done, \d running[^\r\x1b]*", ran.err)
    assert any("1 waiting for you" in line and "about 992 Credits" in line for line in shown), shown
    assert any(line.endswith(" left") for line in shown), shown


@pytest.mark.windows
def test_ctrl_c_prints_how_to_resume(mint: RunMint, service: ThreadService, home: Path) -> None:
    """Ctrl-C is status 130 and a sentence; `resume` continues the same operation."""
    running = start(service, home, "generate", "--prompt", "a lamp [slow-start]")
    out, err = press_ctrl_c(running, "Queued")
    assert running.returncode == 130
    assert err.splitlines()[-1].startswith("Interrupted. Jobs that were started continue at Mint.")
    assert "python3 -m mint_blender resume" in err
    assert "Traceback" not in err + out
    assert mint("resume").status == 0
    assert len(service.operations()) == 1


def test_ctrl_c_says_what_was_never_sent(
    mint: RunMint, service: ThreadService, home: Path, tmp_path: Path
) -> None:
    """A job whose pictures are still uploaded has cost nothing, and resuming it does."""
    (tmp_path / "lamp.png").write_bytes(PIXEL)
    busy = {
        "method": "POST",
        "path": "/v1/reference-images",
        "times": 10_000,
        "answer": {"status": 503},
    }
    service.scenario(answers=[busy])
    running = start(service, home, "generate", "--image", str(tmp_path / "lamp.png"))
    _, err = press_ctrl_c(running, "Retrying")
    says = "Interrupted. 1 queued job was never sent. To send it (this costs Credits): "
    assert running.returncode == 130
    assert err.splitlines()[-1].startswith(says) and "no extra cost" not in err
    assert "about 798 Credits" in mint("resume", "--dry-run").out


@pytest.mark.windows
def test_a_closed_pipe_is_not_an_error(service: ThreadService, home: Path) -> None:
    """`mint usage | head -1` ends without a traceback."""
    reading, writing = os.pipe()
    os.close(reading)
    told = environment(service, home)
    ended = subprocess.run(
        command("usage"), env=told, stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (1, "")


def test_an_unexpected_error_is_a_message_and_a_log_entry(
    mint: RunMint, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected exception is a sentence; the log has the traceback without the key."""
    mint("usage")
    assert not (home / "mint.log").exists()

    def broken(*_: object, **_more: object) -> None:
        raise RuntimeError(f"the key is {mint.service.key}")

    monkeypatch.setattr(reports, "deliver", broken)
    ran = mint(*LAMP, "--json")
    assert ran.status == 9
    assert "Unexpected error (RuntimeError)." in ran.error_text
    assert "python3 -m mint_blender resume" in ran.error_text
    assert ran.records[-1]["event"] == "error"
    log = (home / "mint.log").read_text()
    assert "Traceback" in log
    assert mint.service.key not in log


def test_harmful_texts_are_cleaned() -> None:
    """Control sequences are removed as a whole; letters of all scripts stay."""
    for text, cleaned in SAMPLES.items():
        assert safe_lines(text) == cleaned


HARMFUL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
SAMPLES = {
    "\x1b[2J\x1b[1;1Hgone": "gone",
    "\x1b]0;your shell\x07title": "title",
    "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\": "click",
    "\x1bP+q544e\x1b\\dcs": "dcs",
    "\x9b31mred\x9b0m": "red",
    "\x9d0;title\x9cafter": "after",
    "\x1bcreset": "reset",
    "\x1b(0line": "line",
    "100%\rfree": "100% free",
    "bell\x07 back\x08\x7f": "bell back",
    "\u202eetal a\u202c lamp \u2066x\u2069": "etal a lamp x",
    "unfinished \x1b[": "unfinished ",
    "unfinished \x1b]0;": "unfinished ",
    "two\r\nlines\nstay": "two\nlines\nstay",
    "tab\tbed": "tab bed",
    "café 木 👩\u200d🔧": "café 木 👩\u200d🔧",
}


@pytest.mark.covers("S-terminal")
def test_every_output_is_cleaned(capsys: pytest.CaptureFixture[str]) -> None:
    """Results, errors, notes and progress are cleaned; the JSON record is exact."""
    evil = "a \x1b[31mlamp\x1b[0m\u202e\x9b1m"
    people, programs = Terminal("mint", as_json=False), Terminal("mint", as_json=True)
    people.result({"event": "x"}, evil, evil)
    people.error(evil)
    people.note(evil)
    with people.progress() as display:
        display.show("1", evil, evil)
    captured = capsys.readouterr()
    assert not HARMFUL.search(captured.out + captured.err)
    assert captured.out.count("a lamp") == 2 and captured.err.count("a lamp") == 4
    programs.error(evil)
    assert json.loads(capsys.readouterr().out)["message"] == evil
    if importlib.util.find_spec("rich"):
        live = LiveDisplay()
        live.show("1", "a \x1b[31mlamp\nor two", "Failed: \x1b]0;x\x07no")
        (task,) = live._progress.tasks
        assert (task.fields["title"], task.description) == ("a lamp or two", "Failed: no")


@pytest.mark.slow
def test_a_request_to_stop_ends_a_batch_as_ctrl_c_does(batch: Batch, home: Path) -> None:
    """It leaves the folder free, says how to continue, and a rerun pays nothing twice."""
    if sys.platform == "win32":
        pytest.skip(DOES_NOT_APPLY + "Windows has no SIGTERM; farms send Ctrl-C there")
    batch.lines(*({"prompt": prompt} for prompt in ("lamp 1", "lamp 2 [slow-start]", "lamp 3")))
    batch.service.scenario(durations={"slow": 20000.0})
    running = start(batch.service, home, *batch.words, "--jobs", "1")
    read_until(running, "lamp 2", "Queued")
    lease = batch.out / ".mint-batch" / "lease"
    assert lease.exists()
    os.kill(running.pid, signal.SIGTERM)
    error = running.communicate(timeout=240)[1]
    assert running.returncode == 130
    assert "Interrupted. Jobs that were started continue at Mint." in error
    assert "Run the same command again: it continues where it stopped" in error
    assert "resume" not in error  # which would write no records of the lines
    assert "Traceback" not in error
    assert not lease.exists()
    assert "Contact sheet: " in error
    assert batch.states == ["done", "running", "not-started"]
    batch.service.advance(30000)
    assert batch("--jobs", "1").status == 0
    assert batch.states == ["done"] * 3
    assert len(batch.service.operations()) == 3


def test_each_command_says_what_continues_it(
    mint: RunMint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sync starts no jobs, so that `resume` would be the wrong advice."""

    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "function_of", lambda command: stop)
    for words, sentence in (
        (("library", "sync", "assets"), "Run the same command again: it downloads only what"),
        (("resume",), "Resume them here at no extra cost: python3 -m mint_blender resume"),
    ):
        ran = mint(*words)
        assert ran.status == 130
        assert ran.error_text.startswith("Interrupted. ") and sentence in ran.error_text


FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(
    os.name == "nt" or not FULL.exists(),
    reason="does not apply: this system has no device that is always full",
)


@pytest.mark.windows
def test_a_batch_on_a_full_disk_names_the_file(
    mint: RunMint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message has the file and the advice, nothing is sent, and the next run continues."""
    file = lines_of(tmp_path / "props.jsonl", {"prompt": "a lamp"})
    words = ("batch", str(file), "-o", str(tmp_path / "out"))

    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(batch_lease, "os", SimpleNamespace(getpid=os.getpid, fsync=full))
        ran = mint(*words)
    assert ran.status == 9
    lease = tmp_path / "out" / ".mint-batch" / "lease"
    assert f"Cannot use {lease}: No space left on device. Free some space" in ran.error_text
    assert not mint.service.operations()
    assert mint(*words).status == 0


@needs_full
@pytest.mark.parametrize("how", ["text", "copy", "private"])
def test_an_error_while_writing_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Python names a file only if it cannot be opened; a name of the system is kept."""
    target = tmp_path / "lamp.glb"
    name = b"any"
    written = target if how == "private" else target.with_name(f".{name.hex()}{disk.PART}")
    monkeypatch.setattr(os, "urandom", lambda size: name)
    written.symlink_to(FULL)
    (tmp_path / "source").write_bytes(b"glTF" * 10_000)
    with pytest.raises(OSError, match="No space") as caught:
        if how == "text":
            write_files.write_text(target, "text")
        elif how == "copy":
            write_files.copy_file(tmp_path / "source", target)
        else:
            disk.copy_private(tmp_path / "source", target)
    assert caught.value.filename == str(target)
    with pytest.raises(OSError) as caught, naming(Path("ours")):
        raise OSError(errno.ENOENT, "No such file", "theirs")
    assert caught.value.filename == "theirs"


def test_the_sentence_says_what_to_do() -> None:
    """What is known to help is said, and always that jobs are kept."""
    for number, advice in (
        (errno.ENOSPC, "Free some space on its disk, then try again. "),
        (errno.EROFS, "Choose another place, or allow your user to write there, then try again. "),
        (errno.EIO, ""),
    ):
        said = exits.unusable_file(OSError(number, "It went wrong", "lamp.glb"))
        kept = "Jobs that were started are kept."
        assert said == f"Cannot use lamp.glb: It went wrong. {advice}{kept}"
        assert os.strerror(number) in exits.unusable_file(OSError(number, os.strerror(number)))


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> dict[int, Any]:
    """Return what is set for each signal; nothing is really set."""
    found: dict[int, Any] = {}
    monkeypatch.setattr(signal, "signal", found.__setitem__)
    monkeypatch.setattr(blender_runtime, "reserve_standard_output", lambda: None)
    monkeypatch.setattr(commands, "main", lambda *words, **options: 0)
    return found


@pytest.mark.windows
@pytest.mark.parametrize("start", [commands.from_shell, lambda: commands.from_blender([])])
def test_ctrl_break_ends_a_command_in_order(
    start: Callable[[], int], handlers: dict[int, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imitates Windows' signal, by which job schedulers ask a process to end before they kill it."""
    monkeypatch.delattr(signal, "SIGBREAK", raising=False)
    assert start() == 0 and set(handlers) - {signal.SIGINT} == {signal.SIGTERM}
    monkeypatch.setattr(signal, "SIGBREAK", 21, raising=False)
    assert start() == 0
    assert handlers[21] is handlers[signal.SIGTERM] is signal.default_int_handler


def test_ctrl_c_is_noticed_while_a_batch_waits_for_its_last_results(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Imitates nothing: on Windows a wait without a limit hides Ctrl-C, so there is always one."""
    limits: list[float | None] = []

    def wait(running: Any, timeout: float | None, until: str) -> Any:
        limits.append(timeout)
        if len(limits) == 3:
            raise KeyboardInterrupt
        return SimpleNamespace(done=set())

    monkeypatch.setattr(result_writer, "wait", wait)
    writer = ResultWriter(BlenderPool(1))
    writer._running = {Future(): (None, None)}  # type: ignore[dict-item]
    with pytest.raises(KeyboardInterrupt):
        writer.wait()
    assert limits == [result_writer.CHECK_INTERVAL] * 3


@pytest.mark.parametrize("level", ["info", "DEBUG"])
def test_the_log_has_requests_and_phases(mint: RunMint, home: Path, level: str) -> None:
    """Each request with its status and id, each phase of the job; no prompt, no link and no key."""
    assert mint(*LAMP, "--log-level", level).status == 0
    log = (home / "mint.log").read_text()
    (start,) = [line for line in log.splitlines() if "POST /models:generate" in line]
    assert " INFO " in start and "request id none" not in start
    assert "status 20" in start and start.endswith(" s")
    of_job = f"Job {mint.job}: "
    of_jobs = [line for line in log.splitlines() if of_job in line and " INFO " in line]
    phases = [line.split(of_job)[1] for line in of_jobs]
    assert phases[0].startswith("new (model, fast), waiting")
    names = [line.split(",")[0] for line in phases[1:]]
    assert names == ["sending", "working", "fetching", "ready"]
    assert "http" not in log and "a lamp" not in log and mint.service.key not in log
    is_debug = level == "DEBUG"
    for words in ("DEBUG", "next Pay", "downloaded model"):
        assert (words in log) is is_debug
    polls = [line for line in log.splitlines() if "GET /operations/" in line]
    assert len(polls) == len(mint.service.requests("GET", "/v1/operations/*"))
    mint("check")
    assert (home / "mint.log").read_text() == log
    logger = logging.getLogger("mint_blender")
    assert (logger.level, logger.handlers, logger.propagate) == (logging.NOTSET, [], True)


def test_the_usual_duration_is_shown(mint: RunMint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "POLL_INTERVALS", PollIntervals(first=1.2, factor=1.0))
    first, second = (mint(*LAMP, "--mode", "review").err for _ in range(2))
    assert "usually" not in first
    assert re.search(r"a lamp: (Generating|Queued) \(usually \d+ s\)", second)


def test_what_runs_fits_a_terminal_of_24_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that have ended leave, and the last one says how far all are."""
    pytest.importorskip("rich", reason=DOES_NOT_APPLY + "without rich there are plain lines")
    monkeypatch.setenv("LINES", "24")
    monkeypatch.setenv("COLUMNS", "100")
    display = LiveDisplay()
    for number in range(1, 41):
        display.show(str(number), f"lamp {number} {'long ' * 40}", "Generating")
    for number in range(1, 21):
        display.hide(str(number))
    display.summarize("20 of 40 done")
    console = display._progress.console
    with console.capture() as capture:
        console.print(display._progress.get_renderable())
    rows = capture.get().splitlines()
    assert len(rows) <= 23 and rows[-1].startswith("20 of 40 done")
    assert all(f"lamp {number} " in row for number, row in zip(range(21, 41), rows, strict=False))


def test_a_missing_module_is_named() -> None:
    """The Python of a Linux distribution may lack what Blender contains."""
    with pytest.raises(ModuleNotFoundError) as caught:
        import no_such_module.part  # type: ignore[import-not-found]  # noqa: F401
    said = exits.sentence(caught.value, "generate", ".")
    assert said.startswith("This Python lacks the package no_such_module. Install it")


def test_a_missing_part_of_a_package_is_a_bug() -> None:
    """It is in the log: to install the package would not help."""
    with pytest.raises(ModuleNotFoundError) as caught:
        import json.no_such_part  # type: ignore[import-not-found]  # noqa: F401
    assert exits.sentence(caught.value, "generate", ".").startswith("Unexpected error")
