# SPDX-License-Identifier: GPL-3.0-or-later
"""Run commands that are ordered by files: `python3 both_systems.py FOLDER NAME PLACE…`.

So the Python of Linux and that of Windows run the same command at the same moment, in the same
folder. The places are those of the code, which is imported from there if it is not found otherwise.
Order N is a file `N.json`: {"who": [NAME, …], "words": [WORD, …], "locks": …}. The answer is
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
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

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
    from mint_blender.cli.batch import command, line_jobs  # noqa: F401 - no import delays an order
    from mint_blender.delivery import blender_runtime
    from mint_blender.jobs.storage.batch_lease import Lease

    @contextmanager
    def nobody_is_refused(folder: Path) -> Iterator[Lease]:
        """Take it that this process holds the folder."""
        lease = Lease(folder / "nothing")
        with patch.object(lease, "is_held", lambda: True):
            yield lease

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
        lock_folder = line_jobs.lock_folder if content["locks"] else nobody_is_refused
        with (
            patch.object(line_jobs, "lock_folder", lock_folder),
            redirect_stdout(printed),
            redirect_stderr(printed),
        ):
            status = run(content["words"])
        _write(Path(f"{number}.{name}.json"), {"status": status, "printed": printed.getvalue()})


def _write(path: Path, content: object) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(content), encoding="utf-8")
    part.replace(path)


if __name__ == "__main__":
    main()
