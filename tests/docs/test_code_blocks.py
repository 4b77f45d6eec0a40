# SPDX-License-Identifier: GPL-3.0-or-later
"""How code blocks are read from a page, and how bash code is run."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ..cli.command_runner import CommandResult
from ..conftest import DOES_NOT_APPLY
from .code_blocks import CodeBlock, NotRun, read_blocks
from .shell import Shell

PAGE = """\
# Title

Write a file. `a.txt`:

```text
one
```

1. In a list:

   ```bash
   mint-blender jobs
   ```

<!-- not run: needs a package index; see tests/cli/test_wheel.py -->
```bash
pip install x
```

````{tab-item} Python
```python
print(1)
```
````

```
no language
```
"""


def test_blocks_have_their_lines_files_and_marks() -> None:
    """Blocks in lists and in directives are found, too; a mark holds for the next block only."""
    assert read_blocks(PAGE) == [
        CodeBlock(5, "text", "one\n", "a.txt", None),
        CodeBlock(11, "bash", "mint-blender jobs\n", None, None),
        CodeBlock(
            16,
            "bash",
            "pip install x\n",
            None,
            NotRun("a package index", "tests/cli/test_wheel.py"),
        ),
        CodeBlock(21, "python", "print(1)\n", None, None),
        CodeBlock(26, "", "no language\n", None, None),
    ]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """Return a shell whose command `mint-blender N …` ends with the status N."""

    def run(words: list[str]) -> CommandResult:
        return CommandResult(int(words[0]), f"{words[1:]} in {Path.cwd().name}\n", "")

    if not hasattr(socket, "AF_UNIX"):
        pytest.skip(DOES_NOT_APPLY + "Windows has neither bash nor Unix sockets")
    with TemporaryDirectory() as place:
        shell = Shell(tmp_path, Path(place), run)
        yield shell
        shell.close()


def test_each_exit_status_is_as_the_line_says(shell: Shell) -> None:
    """A failure has to be announced, and what is announced has to happen.

    What bash cannot parse fails, and so do other programs: nothing is installed, and nothing
    outside is reached.
    """
    shell.run("mkdir here; cd here\nexport MINT_WORD='a lamp'")
    ran = shell.run('mint-blender 0 "$MINT_WORD" x | cat\npython3 -m mint_blender 0 y')
    assert ran == "['a lamp', 'x'] in here\n['y'] in here\n"
    shell.run("mint-blender 4   # exit status 4\nmint-blender 5 || mint-blender 0")
    for code in (
        "mint-blender 4",
        "mint-blender 0  # exit status 4",
        "mint-blender 3  # exit status 4",
        "if true; then echo x",
        "echo 'x",
        "pip install x",
        "python3 -m pip install x",
        "curl x",
        "python3 x.py",
    ):
        with pytest.raises(AssertionError):
            shell.run(code)
