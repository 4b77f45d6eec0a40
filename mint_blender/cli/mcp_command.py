# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `mcp`, which needs more than the extension contains."""

from __future__ import annotations

import argparse
from importlib import util

from .exits import Exit
from .output.terminal import Terminal

MISSING = (
    "The tools for agents are not installed in this Python. Install them where a plain Python runs"
    " them: pip install mint-blender[mcp]"
)


def mcp(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Serve tools for an agent on standard input and output, until the client disconnects."""
    names = ("mcp", f"{__package__}.mcp_server")
    if any(util.find_spec(name) is None for name in names):
        terminal.error(MISSING)
        return Exit.USAGE
    from .mcp_server import server

    server.make_server().run("stdio")
    return Exit.DONE
