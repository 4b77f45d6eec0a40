# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the extension archive `dist/mint_blender-<version>.zip` and validate it.

    python3 scripts/package.py                     the add-on
    python3 scripts/package.py --repository DIR    an extension repository for a web server

The same files give the same bytes on any machine. Without the package deflate, which the
environments of scripts/dev.py have, the archive is not compressed.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 (people start this with any Python they have)
    sys.exit(
        "scripts/package.py needs Python 3.11 or newer; this is "
        f"{sys.version_info[0]}.{sys.version_info[1]}. Try: python3.11 scripts/package.py"
    )

import argparse
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # it is also run as a file, by a Python that knows no other folder
    sys.path.insert(0, str(ROOT))

from scripts.packaging import archive, blender_tool, repository, zip_writer  # noqa: E402
from scripts.packaging.errors import PackageError  # noqa: E402


def parser() -> argparse.ArgumentParser:
    """Return the argument parser."""
    told = argparse.ArgumentParser(
        prog="package.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    told.add_argument(
        "--repository",
        type=Path,
        metavar="DIR",
        help="write a repository and its page into this folder",
    )
    told.add_argument("--stored", action="store_true", help="do not compress")
    told.add_argument(
        "-o",
        "--output",
        type=Path,
        default=ROOT / "dist",
        metavar="FOLDER",
        help="where to write the archive (default: dist)",
    )
    return told


def main(words: list[str] | None = None) -> int:
    """Write what the arguments ask for; return 0, or 1 after an error was printed."""
    options = parser().parse_args(words)
    try:
        if options.repository:
            repository.write(options.repository, compressed=not options.stored)
            print(f"{options.repository} can be put onto a web server. Its page is index.html.")
        else:
            _write_archive(options)
    except PackageError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _write_archive(options: argparse.Namespace) -> None:
    """Write the archive, print its path, and validate it if there is a Blender."""
    compressed = zip_writer.can_compress() and not options.stored
    written = archive.build(options.output, compressed=compressed)
    print(f"{written} ({written.stat().st_size / 1024:.0f} KiB)")
    if not compressed and not options.stored:
        print("Not compressed, since this Python does not have the package deflate.")
    tool = blender_tool.find_tool()  # no walrus: old Pythons have to be able to read this file
    if tool:
        blender_tool.validate(written, tool)
        print("Blender's validator accepts it.")
    else:
        print(
            "Not validated, since there is no Blender here. To validate it: blender --command"
            " extension validate FILE"
        )


if __name__ == "__main__":
    sys.exit(main())
