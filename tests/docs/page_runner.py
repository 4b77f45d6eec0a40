# SPDX-License-Identifier: GPL-3.0-or-later
"""Run all code of a page in its order, as a reader would."""

from __future__ import annotations

import contextlib
import io
from importlib import import_module
from pathlib import Path
from typing import Any

from ..mint_service.runner import ThreadService
from . import examples
from .code_blocks import ROOT, RUN, CodeBlock, read_blocks
from .shell import Shell


class PageRunner:
    """Runs the blocks of one page: bash in one terminal, Python in one session."""

    def __init__(self, folder: Path, service: ThreadService, shell: Shell) -> None:
        self.folder, self.service = folder, service
        self._shell = shell
        # Blender's Python Console has this module imported, too
        self._names: dict[str, Any] = {"__name__": "__main__", "bpy": import_module("bpy")}

    def run(self, page: str) -> int:
        """Run a page, after writing the files that it shows; return how many blocks were run.

        Raises:
            AssertionError: A command did not end with the exit status that the page says.
            Exception: Python code of the page raised it.
        """
        blocks = read_blocks((ROOT / page).read_text(encoding="utf-8"))
        for block in blocks:
            if block.file_name:
                (self.folder / block.file_name).write_text(block.code, encoding="utf-8")
        chosen = [
            each
            for each in blocks
            if each.language in RUN
            and each.not_run is None
            and (each.file_name is None or each.language == "bash")  # a command runs the script
        ]
        for block in chosen:
            self.run_block(block, page)
        return len(chosen)

    def run_block(self, block: CodeBlock, page: str) -> str:
        if block.language == "bash":
            return self._shell.run(examples.fill_in(block.code, self.folder, self.service))
        # the lines of an error are those of the page
        code = compile("\n" * block.line + block.code, page, "exec")
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(code, self._names)
        return printed.getvalue()
