# SPDX-License-Identifier: GPL-3.0-or-later
"""What commands read and print as Windows does: paths, spreadsheets, and old consoles."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mint_blender.delivery import blender_runtime
from mint_blender.jobs.batch_lines import BadLineError, read_lines
from mint_blender.jobs.child_process import ChildProcess

from ..cli.batch_helpers import lines_of
from ..cli.command_runner import LAMP, RunMint, environment
from ..cli.conftest import fast_polling, home, mint, service, signed_in

pytestmark = pytest.mark.windows
__all__ = ["fast_polling", "home", "mint", "service", "signed_in"]


# -- Paths


@pytest.mark.blender
def test_paths_are_written_as_windows_writes_them(mint: RunMint, tmp_path: Path) -> None:
    """With its drive and backslashes only, also where they were typed otherwise."""
    typed = (tmp_path / "my lamps").as_posix()
    file = lines_of(tmp_path / "a.jsonl", {"prompt": "a mug"}).as_posix()
    blend, glb, sheet = (
        Path(typed, name) for name in ("lamp.blend", "0001-a-mug.glb", "index.html")
    )
    generated = mint(*LAMP, "-o", f"{typed}/lamp.blend")
    assert generated.status == 0 and f"  {blend}" in generated.out
    batch = mint("batch", file, "-o", typed)
    assert batch.status == 0, batch.err
    assert str(glb) in batch.out and f"Contact sheet: {sheet}" in batch.err
    again = mint(*LAMP, "-o", f"{typed}/lamp.blend")
    assert again.status == 2 and str(blend) in again.error_text
    synced = mint("library", "sync", typed)
    doctor = mint("doctor")
    for ran in (generated, batch, again, synced, doctor):
        assert typed not in ran.out + ran.err
    assert typed.replace("/", "\\") in synced.out + synced.err
    assert str(Path(typed).parent) in doctor.out, "the folder of the journal"


# -- Spreadsheets


@pytest.mark.parametrize(
    ("encoding", "separator"), [("utf-8-sig", ","), ("utf-8-sig", ";"), ("utf-8", "\t")]
)
def test_a_table_of_a_spreadsheet(tmp_path: Path, encoding: str, separator: str) -> None:
    """It ends its lines with CR LF, may begin with a mark, and separates as the country does."""
    rows = ("prompt", "kind"), ("une lampe à pied", "model"), ('"a hall\r\nin Köln"', "world")
    text = "".join(f"{separator.join(row)}\r\n" for row in rows)
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(encoding))
    requests = [line.request for line in read_lines(path)]
    assert [each.prompt for each in requests] == ["une lampe à pied", "a hall\nin Köln"]
    assert [each.kind.value for each in requests] == ["model", "world"]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_a_table_in_another_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    """Nobody pays for a prompt whose letters were guessed: it says how to save the file."""
    path = tmp_path / "table.csv"
    path.write_bytes("prompt\r\nune lampe à pied\r\n".encode(encoding))
    with pytest.raises(BadLineError, match=r"it is not UTF-8 text \(line \d\)\. Save it as UTF-8"):
        read_lines(path)


# -- Consoles

ON_OLD_CONSOLE = """
import sys
for stream in (sys.stdout, sys.stderr):
    stream.reconfigure(encoding="cp437")
from mint_blender.cli.commands import from_shell
sys.exit(from_shell())
"""


def test_an_old_console_gets_what_it_can_show(mint: RunMint, home: Path) -> None:
    """Letters that it does not have are spelled out; nothing fails because of them."""
    words = ("generate", "--prompt", "une lampe à pied 灯", "--mode", "review", "--preset", "fast")
    ran = subprocess.run(
        [sys.executable, "-c", ON_OLD_CONSOLE, *words],
        env=environment(mint.service, home),
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 6, ran.stderr
    assert "une lampe à pied \\u706f: " in ran.stderr.decode("cp437")
    assert b"Traceback" not in ran.stderr


# -- Child processes

HAS_WINDOW = """
import ctypes, json
console = ctypes.windll.kernel32
console.GetConsoleWindow.restype = ctypes.c_void_p
print(json.dumps({"console": console.GetConsoleCP() > 0, "window": console.GetConsoleWindow()}))
"""


def test_a_child_process_has_no_window() -> None:
    """A console that flashes up at each import would take the keyboard from its user."""
    child = ChildProcess([sys.executable, "-c", HAS_WINDOW])
    try:
        assert child.ask({}, 60.0) == {"console": True, "window": None}
    finally:
        child.end()


REPORT = """
import json
from {package}.delivery import blender_runtime
can_read = sorted(blender_runtime.readable_extensions())
print(json.dumps({"variables": dict(os.environ), "can_read": can_read}))
"""


@pytest.mark.blender
def test_a_background_blender_in_a_large_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It gets every variable: one of 30,000 characters, 500 others, and 200 folders in the PATH.

    Windows has a limit of 32,767 characters, which is that of one variable.
    """
    folders = [tmp_path / f"{number}" for number in range(100)]
    folders += [tmp_path / f"Köln, März {number}" for number in range(100)]
    for folder in folders:
        folder.mkdir()
    variables = {f"MINT_TEST_{number}": f"Größe {number}" for number in range(500)}
    variables["MINT_TEST_LARGE"] = "x" * 30_000
    variables["PATH"] = os.pathsep.join([*map(str, folders), os.environ["PATH"]])
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    child = ChildProcess(blender_runtime.background_command(REPORT))
    try:
        answer = child.ask({}, 120.0)
    finally:
        child.end()
    received = answer["variables"]
    assert [name for name, text in variables.items() if received.get(name) != text] == []
    assert answer["can_read"], "Blender was loaded"
