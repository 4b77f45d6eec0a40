# SPDX-License-Identifier: GPL-3.0-or-later
"""`python3 -m tests.mint_service`: a local stand-in for Mint that runs until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from dataclasses import replace

from .backend import Mint
from .options import Options, from_file
from .sample_library import add_samples
from .server import Server

CREDITS = 1_000_000.0
"""What is spendable without a scenario: more than anybody spends who tries everything."""


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
    parser.add_argument(
        "--credits", type=float, help=f"what is spendable at the start (default: {CREDITS:,.0f})"
    )
    parser.add_argument("--scenario", metavar="FILE", help="JSON file, see README.md")
    parser.add_argument("--assets", choices=("real", "tiny"), help="as Mint's (default), or tiny")
    return parser.parse_args(argv)


def options(args: argparse.Namespace) -> Options:
    """Return the options from the scenario file, overridden by the arguments."""
    chosen = Options(assets="real")
    if not args.scenario:
        chosen = replace(chosen, credits=CREDITS)
    if args.scenario:
        chosen = from_file(args.scenario, chosen)
    names = ("speed", "assets", "credits")
    given = {name: getattr(args, name) for name in names}
    return replace(chosen, **{name: value for name, value in given.items() if value is not None})


def announcement(mint: Mint, *, to_person: bool, windows: bool = os.name == "nt") -> str:
    """Return what is printed once the service listens."""
    if not to_person:
        return json.dumps({"api": mint.api_url, "files": mint.files_url, "key": mint.key})
    if windows:
        lines = (
            f'$env:MINT_API_KEY = "{mint.key}"; $env:MINT_API_BASE_URL = "{mint.api_url}"',
            '$env:MINT_BLENDER_HOME = "$env:TEMP\\mint-stand-in"',
        )
    else:
        lines = (
            f"export MINT_API_KEY={mint.key} MINT_API_BASE_URL={mint.api_url}",
            "export MINT_BLENDER_HOME=$(mktemp -d)",
        )
    return "\n".join(
        (
            "The stand-in for Mint is running. In another terminal, paste:\n",
            *(f"    {line}" for line in lines),
            "\nThen start mint-blender or Blender there. The second line keeps invented jobs out of"
            "\nyour list. Ctrl+C stops the service.",
        )
    )


async def serve(args: argparse.Namespace) -> None:
    """Listen, print the addresses, and wait for SIGTERM or Ctrl-C."""
    mint = Mint(options(args))
    server = Server(mint)
    await server.start(args.port, args.files_port)
    add_samples(mint)
    is_read_by_program = not sys.stdout.isatty()
    if is_read_by_program:
        print(announcement(mint, to_person=False), flush=True)
    person = sys.stderr if is_read_by_program else sys.stdout
    print(announcement(mint, to_person=True), file=person, flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await server.stop()


def main() -> int:
    """Run the service."""
    args = arguments()
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell lets its background jobs ignore SIGINT
        signal.signal(number, signal.default_int_handler)
    try:
        asyncio.run(serve(args))
    except KeyboardInterrupt:
        return 0
    except (ValueError, OSError) as error:
        print(f"mint_service: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
