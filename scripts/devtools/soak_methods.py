# SPDX-License-Identifier: GPL-3.0-or-later
"""The methods of `dev.py soak`: what each does, its commands, and what it has found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """A way of looking for defects, which is a package that runs as a command.

    Its last line on standard output is a JSON object: `figures` (what was counted, by name),
    `failures` (a line each, with the command that repeats it) and `seconds`. Its exit status is 0
    if there was no failure.
    """

    name: str
    package: str
    what: str
    """What it does, in a sentence or two, for `docs/reliability.md`."""
    long: tuple[str, ...] = ()
    """The arguments of the long form, which takes minutes or hours."""
    short: tuple[str, ...] = ()
    """The arguments of a run of a minute or so. The tests have a short form of their own."""
    takes_minutes: bool = False
    """Whether it has the option `--minutes`."""
    needs_window: bool = False
    """Whether it needs Debian's Blender and a virtual display."""
    environment: str = ""
    """The environment that it runs in; empty for the default one."""
    found: tuple[str, ...] = ()
    """What it has found and what was fixed, a sentence or two for each defect."""

    @property
    def title(self) -> str:
        """The heading of its section."""
        return self.name.replace("_", " ").capitalize()


_SIMULATION = Method(
    "simulation",
    "tests.simulation",
    "Several Blenders, commands and a batch share a journal in one simulated world. Mint, network, "
    "clock, disk and kills come from a seed. Each request may be lost, doubled, delayed or "
    "answered by a gateway; disks fill, keys and accounts change, days pass. Mint's ledger is the "
    "judge.",
    long=("--jobs", "1000000", "--processes", "2", "--keep-going"),
    short=("--jobs", "400"),
    found=(
        "A job without an answer could adopt an asset that waited for an approval, and wait for "
        "ever. It now stops and sends the user to mint.gg.",
        "A revision of long ago was forgotten before Mint was polled, so that a later approval met "
        "another Preview. The decision now stays until Mint has answered.",
        "A start without an answer adopted the asset of another job with the same prompt. It now "
        "waits until that job has its own.",
    ),
)

_KEY = Method(
    "key",
    "tests.key_search",
    "After every test, whatever it has written is searched for the API key: journal, log, "
    "downloads, .blend files (compressed ones, too), output, and the requests that reached the "
    "file host. The key is found as it is, in UTF-16, base64, hexadecimal and URL "
    "encoding.",
    short=("--only", "tests/mint"),
    needs_window=True,
)

METHODS = {
    each.name: each
    for each in (
        _SIMULATION,
        _KEY,
    )
}
"""All methods by name, in the order of the page."""
