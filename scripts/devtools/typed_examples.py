# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the examples of docs/scripts/python.md with `mypy --strict`, as scripts of users are."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "scripts" / "python.md"
END = "## Use the operators in Blender"
"""From here on they call operators, which the stubs of Blender do not know."""


def write_examples(folder: Path) -> list[Path]:
    """Write what the page shows: whole scripts, and all other lines as one more."""
    text, found, _ = PAGE.read_text(encoding="utf-8").partition(END)
    blocks = [each for each in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if found]
    scripts = [each for each in blocks if each.startswith('"""')]
    lines = [each for each in blocks if each not in scripts and "bl_ext" not in each]
    files = []
    for number, code in enumerate([*scripts, "\n\n".join(lines)]):
        files.append(folder / f"example_{number}.py")
        files[-1].write_text(code, encoding="utf-8")
    return files


def main() -> int:
    """Return the exit status of mypy."""
    with tempfile.TemporaryDirectory(prefix="mint-examples-") as folder:
        files = write_examples(Path(folder))
        command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent"]
        return subprocess.run([*command, *map(str, files)], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
