# SPDX-License-Identifier: GPL-3.0-or-later
"""A terminal never executes control sequences in Mint's text."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mint_blender.cli.output.terminal import LiveDisplay, Terminal, safe_line, safe_lines

from ..mint_service import work
from ..mint_service.runner import ThreadService
from .command_runner import RunMint

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


@pytest.mark.parametrize("text", SAMPLES)
def test_cleaned_texts(text: str) -> None:
    """Control sequences are removed as a whole; letters of all scripts stay."""
    assert safe_lines(text) == SAMPLES[text]


@pytest.mark.covers("S-terminal")
@given(
    st.text(
        alphabet=st.characters() | st.sampled_from("\x1b\x9b\x9d\x90[];\\\x07\x9c\r\n\u202e"),
        max_size=60,
    )
)
def test_no_control_sequence_is_left(text: str) -> None:
    """No text leaves a control sequence, and cleaning twice changes nothing."""
    assert not HARMFUL.search(safe_lines(text))
    assert "\n" not in safe_line(text)
    assert safe_lines(safe_lines(text)) == safe_lines(text)


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


def test_the_live_display_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Titles and states of the progress bars are cleaned."""
    pytest.importorskip("rich")
    display = LiveDisplay()
    display.show("1", "a \x1b[31mlamp\nor two", "Failed: \x1b]0;x\x07no")
    (task,) = display._progress.tasks
    assert (task.fields["title"], task.description) == ("a lamp or two", "Failed: no")


def test_control_characters_through_a_whole_run(
    mint: RunMint, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control characters in Mint's error are removed for people and kept in JSON."""
    monkeypatch.setitem(work.MESSAGES, "generation_failed", "Not \x1b[2Jlike\u202e that.")
    ran = mint("generate", "--prompt", "a lamp [fails]", "--preset", "fast")
    assert ran.status != 0 and "Mint says: Not like that." in ran.error_text
    assert not HARMFUL.search(ran.out + ran.err)
    ran = mint("generate", "--prompt", "a mug [fails]", "--preset", "fast", "--json")
    assert "Not \x1b[2Jlike\u202e that." in ran.records[-1]["trouble"]["message"]
