# SPDX-License-Identifier: GPL-3.0-or-later
"""`python3 -m tests.mint_service`: a local stand-in for Mint that runs until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from .backend import Mint
from .options import Options, from_file
from .sample_library import add_samples
from .server import Server


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.mint_service", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port of the API (default: a free one)")
    parser.add_argument(
        "--files-port", type=int, default=0, help="port of the file host (default: a free one)"
    )
    parser.add_argument(
        "--speed", type=float, help="how much faster than ours the service's time runs"
    )
    parser.add_argument("--scenario", metavar="FILE", help="JSON file, see README.md")
    parser.add_argument(
        "--state",
        metavar="FILE",
        help="keep operations, models and Credits here (default: forget them)",
    )
    parser.add_argument(
        "--assets", choices=("real", "tiny"), help="made by Blender (default), or tiny and instant"
    )
    parser.add_argument(
        "--assets-cache", metavar="DIR", help="where Blender's files are kept between runs"
    )
    return parser.parse_args(argv)


def options(args: argparse.Namespace) -> Options:
    """Return the options from the scenario file, overridden by the arguments."""
    chosen = Options(assets="real")
    if args.scenario:
        chosen = from_file(args.scenario, chosen)
    given = {"speed": args.speed, "assets": args.assets, "assets_cache": args.assets_cache}
    return replace(chosen, **{name: value for name, value in given.items() if value is not None})


async def serve(args: argparse.Namespace, state: Path) -> None:
    """Listen, print the addresses, and wait for SIGTERM or SIGINT."""
    mint = Mint(state, options(args))
    server = Server(mint)
    await server.start(args.port, args.files_port)
    add_samples(mint)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(json.dumps({"api": mint.api_url, "files": mint.files_url, "key": mint.key}), flush=True)
    await stop.wait()
    await server.stop()
    mint.close()


def main() -> int:
    """Run the service."""
    args = arguments()
    try:
        if args.state:
            asyncio.run(serve(args, Path(args.state)))
        else:
            with tempfile.TemporaryDirectory(prefix="mint-service-") as folder:
                asyncio.run(serve(args, Path(folder) / "state.db"))
    except (ValueError, OSError) as error:
        print(f"mint_service: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
