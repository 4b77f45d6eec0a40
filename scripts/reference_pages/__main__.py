# SPDX-License-Identifier: GPL-3.0-or-later
"""Write all pages of docs/reference/; needs Blender."""

from __future__ import annotations

import os

import mint_blender
from scripts.dev import ROOT

from . import commands, environment_variables, exit_statuses

FOLDER = ROOT / "docs" / "reference"


def main() -> None:
    """Write every page again, with the add-on registered meanwhile."""
    mint_blender.register()
    from . import operators, preferences, ways  # they import Blender

    pages = {
        "commands": commands.page(),
        "environment-variables": environment_variables.page(),
        "exit-statuses": exit_statuses.page(),
        "operators": operators.page(),
        "preferences": preferences.page(),
        "ways": ways.page(),
    }
    mint_blender.unregister()
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages.items():
        (FOLDER / f"{name}.md").write_text(text, encoding="utf-8")
        print(f"-- docs/reference/{name}.md", flush=True)
    os._exit(0)  # Blender 4.5 as a module hangs in Python's shutdown


if __name__ == "__main__":
    main()
