# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuzz every target for some minutes, guided by coverage: `python3 -m tests.fuzzing --minutes M`.

Atheris, which guides it, is in the environment `fuzz`, which is made if it does not exist. What was
reached is kept in `build/fuzzing/` for the next run. An input that fails is written to `cases/`, and
the tests try it from then on. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ..harness import methods
from ..harness.methods import ROOT, Run
from .target import Target
from .targets import BY_NAME, TARGETS

CASES = Path(__file__).with_name("cases")
CORPUS = ROOT / "build" / "fuzzing"
EXECUTIONS = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
COVERAGE = re.compile(r"\bcov: (\d+)")
SAVED = re.compile(r"Test unit written to (\S+)")
GRACE = 120
"""Seconds that a process may take longer than its time: for its imports, and its last input."""


@dataclass(frozen=True)
class Outcome:
    """What the fuzzing of one target has counted."""

    executions: int
    edges: int
    failures: tuple[str, ...] = ()


def main() -> int:
    """Return 0 if no input has failed, else 1."""
    arguments = _arguments()
    method, figures = Run("fuzzing"), dict[str, int]()
    python = _python_with_atheris()
    chosen = [BY_NAME[name] for name in arguments.targets] or list(TARGETS)
    seconds = max(1, round(arguments.minutes * 60 / len(chosen)))
    for target in chosen:
        outcome = fuzz(target, python, seconds, arguments.seed)
        print(
            f"{target.name:20}{outcome.executions:>12,} executions{outcome.edges:>8,} edges",
            *outcome.failures,
            sep="\n    ",
            file=sys.stderr,
            flush=True,
        )
        figures[f"{target.name}: executions"] = outcome.executions
        figures[f"{target.name}: edges"] = outcome.edges
        method.failures += outcome.failures
    figures["executions"] = sum(count for name, count in figures.items() if "executions" in name)
    return method.end(figures)


def _arguments() -> argparse.Namespace:
    parser = methods.parser("fuzzing", __doc__)
    parser.add_argument("--minutes", type=float, default=20.0, help="for all targets together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="only these; default: all")
    arguments = parser.parse_args()
    if unknown := set(arguments.targets) - BY_NAME.keys():
        parser.error(f"no such target: {', '.join(sorted(unknown))}. Known: {', '.join(BY_NAME)}")
    return arguments


def _python_with_atheris() -> str:
    """Return this Python, or else that of the environment `fuzz`."""
    if importlib.util.find_spec("atheris") is not None:
        return sys.executable
    command = [sys.executable, str(ROOT / "scripts" / "dev.py"), "env", "fuzz"]
    made = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return made.stdout.splitlines()[-1]


def fuzz(target: Target, python: str, seconds: int, seed: int) -> Outcome:
    """Fuzz one target in a process of its own."""
    corpus, cases = CORPUS / target.name, CASES / target.name
    corpus.mkdir(parents=True, exist_ok=True)
    cases.mkdir(parents=True, exist_ok=True)
    module = "tests.fuzzing.coverage_guided"
    command = [python, "-m", module, target.name, str(corpus), str(cases)]
    try:
        ended = subprocess.run(
            [*command, str(seconds), str(seed)],
            capture_output=True,
            cwd=ROOT,
            timeout=seconds + GRACE,
            check=False,
        )
        output, status = ended.stdout + ended.stderr, ended.returncode
    except subprocess.TimeoutExpired as error:
        output, status = (error.stdout or b"") + (error.stderr or b""), -1
    if not any(cases.iterdir()):
        cases.rmdir()
    return _outcome(target, output.decode("utf-8", "replace"), status, seed)


def _outcome(target: Target, output: str, status: int, seed: int) -> Outcome:
    executed, covered = EXECUTIONS.findall(output), COVERAGE.findall(output)
    failures = [
        f"{target.name}: {_reason(output)}: {Path(path).relative_to(ROOT)}"
        for path in SAVED.findall(output)
    ]
    if status != 0 and not failures:
        again = f"python3 -m tests.fuzzing --seed {seed} {target.name}"
        failures = [f"{target.name}: ended with status {status}: {again}: {output[-500:]!r}"]
    return Outcome(
        int(executed[-1]) if executed else 0, int(covered[-1]) if covered else 0, tuple(failures)
    )


def _reason(output: str) -> str:
    """Return the last line of the traceback, or what libFuzzer says."""
    found = re.findall(r"^(?:\w+\.)*\w*(?:Error|Exception|Invalid\w*)\b.*|ERROR: .*", output, re.M)
    return found[0][:200] if found else "failed"


if __name__ == "__main__":
    sys.exit(main())
