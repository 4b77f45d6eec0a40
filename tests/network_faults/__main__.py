# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a job through each fault of the network: `python3 -m tests.network_faults`.

The last line is a JSON object: what was counted, and what went wrong.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from pathlib import Path

from tests.harness import methods
from tests.harness.methods import Run
from tests.mint_service.runner import running_service

from .faults import FAULTS
from .journey import Record, run, violations

SCALE = 12.0


def main() -> int:
    """Return 0 if every job survived, else 1."""
    arguments = _arguments()
    logging.disable(logging.CRITICAL)
    method = Run("network faults", arguments.minutes or 0.0)
    return method.end(_figures(_run_all(arguments, method)))


def _arguments() -> argparse.Namespace:
    parser = methods.parser("network_faults", __doc__)
    parser.add_argument("--scale", type=float, default=SCALE, help="by how much waits are shorter")
    parser.add_argument("--only", default="", help="only faults whose id contains this")
    parser.add_argument("--minutes", type=float, help="begin no round after so many minutes")
    parser.add_argument("--seed", type=int, default=1, help="without effect: nothing is random")
    return parser.parse_args()


def _run_all(arguments: argparse.Namespace, method: Run) -> dict[str, Record]:
    """Return the last record of each fault; at least one round."""
    records: dict[str, Record] = {}
    while True:
        with running_service(speed=2000, credits=1e9) as service:
            for fault in FAULTS:
                if arguments.only in fault.id:
                    with tempfile.TemporaryDirectory(prefix="mint-faults-") as folder:
                        record = run(fault, service, Path(folder), arguments.scale)
                    records[fault.id] = record
                    again = f"(python3 -m tests.network_faults --only {fault.id})"
                    method.failures += [f"{each} {again}" for each in violations(fault, record)]
                    print(f"{fault.id}: {record}", flush=True)
        if method.is_over:
            return records


def _figures(records: dict[str, Record]) -> dict[str, int]:
    found = records.values()
    return {
        "faults": len(records),
        "requests hit": sum(each.hits for each in found),
        "jobs that went on by themselves": sum(each.then != "Resume" for each in found),
        "jobs resumed by a click": sum(each.then == "Resume" for each in found),
        "operations paid twice": sum(max(0, each.operations - 1) for each in found),
        "places with the key": sum(len(each.leaks) for each in found),
        "longest seconds until the user read of it": round(
            max((each.seconds or 0.0 for each in found), default=0.0)
        ),
    }


if __name__ == "__main__":
    sys.exit(main())
