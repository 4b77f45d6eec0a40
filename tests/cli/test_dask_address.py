# SPDX-License-Identifier: GPL-3.0-or-later
"""The address of a Dask scheduler; everything else is refused in a sentence."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from mint_blender.cli.parser import scheduler_address

from ..mint_service.runner import ThreadService
from .batch_helpers import lines_of
from .command_runner import RunMint


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("dask://10.0.0.5:8786", "tcp://10.0.0.5:8786"),
        ("dask://farm.studio.example:8786", "tcp://farm.studio.example:8786"),
        ("dask://localhost:1/", "tcp://localhost:1"),
        ("dask://[::1]:8786", "tcp://[::1]:8786"),
        ("dask://[2001:DB8::5]:8786", "tcp://[2001:db8::5]:8786"),
        ("DASK://farm:8786", "tcp://farm:8786"),
    ],
)
def test_an_address_is_read(text: str, address: str) -> None:
    """Host names, IPv4 and IPv6 addresses are returned as Dask writes them."""
    assert scheduler_address(text) == address


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "dask://HOST:PORT"),
        ("10.0.0.5:8786", "dask://HOST:PORT"),
        ("tcp://10.0.0.5:8786", "dask://HOST:PORT"),
        ("dask://", "dask://HOST:PORT"),
        ("dask://:8786", "dask://HOST:PORT"),
        ("dask://farm", "lacks the port"),
        ("dask://farm:", "lacks the port"),
        ("dask://farm:0", "lacks the port"),
        ("dask://farm:8786x", "dask://HOST:PORT"),
        ("dask://farm:87865", "dask://HOST:PORT"),
        ("dask://farm:-1", "dask://HOST:PORT"),
        ("dask://::1:8786", "dask://HOST:PORT"),
        ("dask://[::1:8786", "dask://HOST:PORT"),
        ("dask://someone:secret@farm:8786", "dask://HOST:PORT"),
        ("dask://farm:8786/jobs", "dask://HOST:PORT"),
        ("dask://farm:8786?a=b", "dask://HOST:PORT"),
    ],
)
def test_anything_else_is_refused(text: str, words: str) -> None:
    """The message shows the text and how it should look."""
    with pytest.raises(argparse.ArgumentTypeError, match=words):
        scheduler_address(text)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--executor", "dask://farm"), '"dask://farm" lacks the port of the scheduler'),
        (("--executor", "ray://farm:1"), '"ray://farm:1": an executor is written dask://HOST:PORT'),
        (("--ship-results",), "--ship-results needs --executor"),
        (("--executor", "dask://farm:1", "--step", "sheet"), "it takes no --executor"),
        (("--executor", "dask://farm:1", "--openjd", "job"), "it takes no --executor"),
        (("--executor", "dask://farm:1", "--workers", "2"), "use it without --executor"),
    ],
)
def test_wrong_options_end_with_status_2(
    mint: RunMint, service: ThreadService, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    """Nothing is started then."""
    file = lines_of(tmp_path / "a.jsonl", {"prompt": "a lamp"})
    ran = mint("batch", str(file), "-o", str(tmp_path / "out"), *options)
    assert ran.status == 2
    assert words in ran.error_text
    assert not service.operations() and not (tmp_path / "out").exists()
