# SPDX-License-Identifier: GPL-3.0-or-later
"""Run commands that are ordered by files: `python3 both_systems.py FOLDER NAME PLACE…`.

So the Python of Linux and that of Windows run the same command at the same moment, in the same
folder. The places are those of the code, which is imported from there if it is not found otherwise.
Order N is a file `N.json`: {"who": [NAME, …], "words": [WORD, …]}. The answer is
`N.NAME.json`: {"status": …, "printed": …}. It ends when there is a file `end`.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import sys
import time
import traceback
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

GIVE_UP_AFTER = 300.0


def main() -> None:
    """Carry out the orders."""
    folder, name, *places = sys.argv[1:]
    sys.path += places
    os.chdir(folder)
    try:
        _serve(name)
    except BaseException:
        Path(f"{name}.error").write_text(traceback.format_exc(), encoding="utf-8")
        raise


def _serve(name: str) -> None:
    from mint_blender.cli import main as run
    from mint_blender.cli.batch import command  # noqa: F401 - no import delays an order
    from mint_blender.delivery import blender_runtime

    blender_runtime.can_import = lambda: False
    _write(Path(f"{name}.ready"), {"system": sys.platform})
    last = time.monotonic() + GIVE_UP_AFTER
    for number in itertools.count(1):
        order = Path(f"{number}.json")
        while not order.exists():
            if Path("end").exists() or time.monotonic() > last:
                return
            time.sleep(0.002)
        content = json.loads(order.read_bytes())
        if name not in content["who"]:
            continue
        printed = io.StringIO()
        with redirect_stdout(printed), redirect_stderr(printed):
            status = run(content["words"])
        _write(Path(f"{number}.{name}.json"), {"status": status, "printed": printed.getvalue()})


def _write(path: Path, content: object) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(content), encoding="utf-8")
    part.replace(path)


if __name__ == "__main__":
    main()
