# SPDX-License-Identifier: GPL-3.0-or-later
"""Let every single call fail: `python3 -m tests.nth_call`.

The last line on standard output is a JSON object with the figures and the failures.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from ..harness import methods
from ..harness.methods import Run
from ..mint_service.runner import subprocess_service
from .failing_calls import KINDS
from .generation import Case, run_case

MOST = 2000
"""More calls of a kind than any run makes."""


def main() -> int:
    """Return 0 if no rule was broken, else 1."""
    arguments = _arguments()
    method, counts = Run("the n-th call fails", arguments.minutes), Counter[str]()
    options = {"speed": 2000, "retry_after": 0.01, "credits": 1e9}
    with (
        tempfile.TemporaryDirectory(prefix="mint-nth-call-") as folder,
        subprocess_service(**options) as service,
    ):
        for kind in arguments.kind or KINDS:
            for for_good in (False, True):
                for number in [arguments.only] if arguments.only else range(1, MOST):
                    case = Case(kind, number, for_good)
                    fail, problem = run_case(service, Path(folder), case)
                    if problem:
                        print(f"{case}: {problem}", flush=True)
                        repeat = f"python3 -m tests.nth_call --kind '{kind}' --only {number}"
                        first = problem.splitlines()[0]
                        method.failures.append(f"{case}: {first}; repeat: {repeat}")
                    if not fail.has_failed or method.is_over:
                        break
                    counts[kind] += 1
    figures = {f"failed calls: {kind}": count for kind, count in counts.items()}
    return method.end({**figures, "runs": counts.total()})


def _arguments() -> argparse.Namespace:
    parser = methods.parser("nth_call", __doc__)
    parser.add_argument("--kind", action="append", choices=KINDS, help="by default all")
    parser.add_argument("--only", type=int, metavar="N", help="only the n-th call fails")
    parser.add_argument("--minutes", type=float, default=600.0, help="start nothing after that")
    parser.add_argument("--seed", type=int, default=1, help="not used: every call fails once")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
