# SPDX-License-Identifier: GPL-3.0-or-later
"""The service in a thread, in a process, and on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests

from tests.mint_service.__main__ import announcement, main
from tests.mint_service.backend import Mint
from tests.mint_service.runner import ROOT, running_service

from .contract_client import ContractClient

COMMAND = (sys.executable, "-m", "tests.mint_service")


def test_a_stopped_service_refuses_connections() -> None:
    """Started again, it has the same addresses and state; its time has stood still."""
    with running_service(speed=20) as service:
        client = ContractClient(service)
        operation = client.start("a mug")
        service.stop()
        stopped_at = service.mint.clock.now()
        with pytest.raises(requests.ConnectionError):
            requests.get(service.api + "/health", timeout=10)
        assert service.mint.clock.now() == stopped_at
        service.start()
        assert client.operation(operation)["id"] == operation["id"]


@pytest.mark.slow
def test_the_command_line(tmp_path: Path) -> None:
    """One JSON line has the addresses; SIGTERM ends it; a scenario file is accepted."""
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps({"credits": 77, "library": {"models": 2}}), encoding="utf-8")
    words = ("--assets", "tiny", "--speed", "9", "--scenario", str(scenario))
    with subprocess.Popen(
        [*COMMAND, *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        ready = json.loads(process.stdout.readline())
        assert set(ready) == {"api", "files", "key"}
        headers = {"Authorization": f"Bearer {ready['key']}"}
        usage = requests.get(f"{ready['api']}/usage", headers=headers, timeout=10).json()
        assert usage["credits"]["totalAvailable"] == 77
        process.terminate()
        assert process.stdout.read() == ""
        assert "export MINT_API_KEY=" in process.stderr.read(), "a person reads that"
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("windows", "first", "second"),
    [
        (
            False,
            "export MINT_API_KEY=some-key MINT_API_BASE_URL=http://127.0.0.1:1/v1\n",
            "export MINT_BLENDER_HOME=$(mktemp -d)\n",
        ),
        (
            True,
            '$env:MINT_API_KEY = "some-key"; $env:MINT_API_BASE_URL = "http://127.0.0.1:1/v1"\n',
            '$env:MINT_BLENDER_HOME = "$env:TEMP\\',
        ),
    ],
)
def test_a_person_can_paste_what_a_terminal_shows(windows: bool, first: str, second: str) -> None:
    """The lines set the address, the key and a folder of its own; PowerShell has its own lines."""
    mint = SimpleNamespace(key="some-key", api_url="http://127.0.0.1:1/v1")
    shown = announcement(cast(Mint, mint), to_person=True, windows=windows)
    assert f"    {first}" in shown and f"    {second}" in shown


@pytest.mark.parametrize(
    "scenario",
    [
        {"color": "red"},
        {"switches": ["no-such-switch"]},
        {"assets": "gold"},
        {"answers": [{"answer": {"stauts": 1}}]},
    ],
)
def test_an_invalid_scenario_is_reported(
    tmp_path: Path,
    scenario: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A misspelled member or switch must not let a test pass for the wrong reason."""
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps({"assets": "tiny", **scenario}), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["mint_service", "--scenario", str(path)])
    assert main() == 2
    assert capsys.readouterr().err.startswith("mint_service: ")
