# SPDX-License-Identifier: GPL-3.0-or-later
"""Write everything that is published for a version into a folder.

    python3 scripts/dev.py release --check         say what hinders a release, and write nothing
    python3 scripts/dev.py release DIR             write it, if nothing does
    python3 scripts/dev.py release DIR --draft     write it all the same, to look at it

    DIR/repository/    the extension repository and its page, for a web server
    DIR/repository.zip the same, in one file
    DIR/python/        the wheel and the source distribution, for pip
    DIR/NOTES.md       what the changelog says about this version
    DIR/SHA256SUMS     the checksums of all files

Nothing is uploaded.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.packaging import checksums, pip_package, readiness, repository, zip_writer
from scripts.packaging.errors import PackageError


def parser() -> argparse.ArgumentParser:
    """Return the argument parser."""
    told = argparse.ArgumentParser(
        prog="dev.py release",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    told.add_argument("folder", nargs="?", type=Path, metavar="DIR", help="an empty folder")
    told.add_argument("--check", action="store_true", help="write nothing")
    told.add_argument("--draft", action="store_true", help="write it though it is not ready")
    told.add_argument("--tag", help="the tag that is released (default: that of the commit)")
    return told


def main(words: list[str] | None = None) -> int:
    """Return 0 if the version was written, or could be with --check; else 1, with the reasons."""
    options = parser().parse_args(words)
    if not options.check and options.folder is None:
        parser().error("name a folder, or use --check")
    try:
        found = readiness.problems(options.tag)
        for problem in found:
            print(problem, file=sys.stderr)
        if options.check or (found and not options.draft):
            print(_summary(found), file=sys.stderr)
            return 1 if found else 0
        write(options.folder)
    except PackageError as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"{options.folder} has the release. docs/development/release.md says what comes next.")
    return 0


def _summary(found: list[str]) -> str:
    if not found:
        return "Ready."
    if all(isinstance(each, readiness.Decision) for each in found):
        return "Nothing else is missing. A person decides this."
    return "Not ready."


def write(folder: Path, *, compressed: bool = True) -> None:
    """Write all files of the release.

    Args:
        folder: An empty or new folder.
        compressed: Whether the extension's archive is compressed.

    Raises:
        PackageError: The folder has files, or something cannot be built.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise PackageError(f"{folder} has files. Name an empty folder, so that none is published.")
    repository.write(folder / "repository", compressed=compressed)
    pip_package.build(folder / "python")
    inside = {path.name: path.read_bytes() for path in (folder / "repository").iterdir()}
    zip_writer.write(folder / "repository.zip", inside, compressed=False)  # zips are compressed
    (folder / "NOTES.md").write_text(readiness.notes(), encoding="utf-8")
    checksums.write(folder)


if __name__ == "__main__":
    sys.exit(main())
