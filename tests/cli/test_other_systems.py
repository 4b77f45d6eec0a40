# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands where Windows and macOS differ; each test says what it imitates."""

from __future__ import annotations

import io
import json
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from types import SimpleNamespace
from typing import Any

import pytest

from mint_blender.cli import commands
from mint_blender.cli.batch import result_writer
from mint_blender.cli.batch.result_writer import ResultWriter, Writers
from mint_blender.cli.output.terminal import Terminal
from mint_blender.delivery import blender_runtime


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> dict[int, Any]:
    """Return what is set for each signal; nothing is really set."""
    found: dict[int, Any] = {}
    monkeypatch.setattr(signal, "signal", found.__setitem__)
    monkeypatch.setattr(blender_runtime, "reserve_standard_output", lambda: None)
    monkeypatch.setattr(commands, "main", lambda *words, **options: 0)
    return found


@pytest.mark.parametrize("start", [commands.from_shell, lambda: commands.from_blender([])])
def test_ctrl_break_ends_a_command_in_order(
    start: Callable[[], int], handlers: dict[int, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imitates Windows' signal, by which job schedulers ask a process to end before they kill it."""
    monkeypatch.setattr(signal, "SIGBREAK", 21, raising=False)
    assert start() == 0
    assert handlers[21] is handlers[signal.SIGTERM] is signal.default_int_handler


def test_a_system_without_ctrl_break(
    handlers: dict[int, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux and macOS have no such signal."""
    monkeypatch.delattr(signal, "SIGBREAK", raising=False)
    commands.from_shell()
    assert set(handlers) == {signal.SIGTERM}


class OneFuture(Executor):
    """An executor whose only result never arrives by itself."""

    def __init__(self) -> None:
        self.future: Future[Any] = Future()

    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        """Return the future."""
        return self.future


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
    writer = ResultWriter(Writers(None, 1), lambda: None)  # type: ignore[arg-type]
    writer._running = {OneFuture().future: (None, None)}  # type: ignore[dict-item]
    with pytest.raises(KeyboardInterrupt):
        writer.wait()
    assert limits == [result_writer.CHECK_INTERVAL] * 3
    limits.clear()
    writer.wait(0.2)
    assert limits == [0.2]


@pytest.mark.parametrize("encoding", ["cp1252", "cp932", "ascii"])
def test_a_console_of_windows_takes_every_text(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imitates the code pages of Western and Japanese systems: unknown letters are escaped."""
    bytes_out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(bytes_out, encoding=encoding))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    terminal = Terminal("mint", as_json=False)
    terminal.result({}, "ein Stuhl für 椅子 🪑")
    assert b"ein Stuhl f" in bytes_out.getvalue()
    Terminal("mint", as_json=True).event({"prompt": "椅子 🪑"})
    assert json.loads(bytes_out.getvalue().splitlines()[-1]) == {"prompt": "椅子 🪑"}
