# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuzz one target with Atheris until its time is over: the child process of `tests.fuzzing`.

    python3 -m tests.fuzzing.coverage_guided NAME CORPUS OUTPUT SECONDS SEED

libFuzzer decides what to try next from the lines that an input reaches, and writes an input that
fails to OUTPUT. Its figures are on standard error.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["mint_blender"], enable_loader_override=False):
    from .mutation import LONGEST, mutate
    from .targets import BY_NAME

SLOWEST = 20
"""Seconds for one input; more is a failure."""
MOST_MEMORY = 2048
"""Megabytes of the process; more is a failure."""


def main() -> None:
    """Run libFuzzer, which ends the process."""
    name, corpus, output, seconds, seed = sys.argv[1:]
    target = BY_NAME[name]
    for number, data in enumerate(target.seeds):
        Path(corpus, f"seed-{number}").write_bytes(data)

    def change(data: bytes, max_size: int, number: int) -> bytes:
        random = Random(number)
        if random.random() < 0.3:
            return bytes(atheris.Mutate(data, max_size))
        return mutate(data, random, is_json=target.is_json)[:max_size]

    options = [
        f"-max_total_time={seconds}",
        f"-seed={seed}",
        f"-artifact_prefix={output}/",
        f"-timeout={SLOWEST}",
        f"-rss_limit_mb={MOST_MEMORY}",
        f"-max_len={LONGEST}",
        "-print_final_stats=1",
        "-close_fd_mask=0",
        corpus,
    ]
    with target.setup():
        atheris.Setup([sys.argv[0], *options], target.function, custom_mutator=change)
        try:
            atheris.Fuzz()
        except SystemExit as end:
            # libFuzzer reports when the process ends, and Python would wait for threads before
            sys.stdout.flush()
            sys.stderr.flush()
            ctypes.CDLL(None).exit(end.code if isinstance(end.code, int) else 1)


if __name__ == "__main__":
    main()
