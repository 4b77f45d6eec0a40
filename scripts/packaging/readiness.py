# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be true before a version is released."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from . import archive
from .errors import PackageError

SECTION = re.compile(r"^## (\S+) \((.+)\)$", re.MULTILINE)


class Decision(str):
    """What hinders a release until a person decides it: its day, and its tag."""

    __slots__ = ()


def problems(tag: str | None = None) -> list[str]:
    """Return what hinders the release of this version, a sentence for each; none if it is ready.

    Those that only a person can decide are of the class `Decision`.

    Args:
        tag: The tag that is released; None takes those of the current commit.
    """
    try:
        version = archive.version()
    except PackageError as problem:
        return [str(problem)]
    return [*_of_changelog(version), *_of_commit(version, tag)]


def notes() -> str:
    """Return what the changelog says about the newest version.

    Raises:
        PackageError: The changelog has no version.
    """
    parts = SECTION.split(_changelog())
    if len(parts) < 4:
        raise PackageError("CHANGELOG.md has no released version: ## VERSION (YEAR-MONTH-DAY)")
    return parts[3].strip() + "\n"


def _of_changelog(version: str) -> Iterator[str]:
    found = SECTION.search(_changelog())
    if not found or found[1] != version:
        there = found[1] if found else "none"
        yield (
            f"The newest version in CHANGELOG.md is {there}, and the manifest has {version}."
            f" Write what is new in {version}."
        )
    elif not re.fullmatch(r"\d{4}-\d\d-\d\d", found[2]):
        yield Decision(
            f'CHANGELOG.md says "{found[2]}" for {version}. Write its day, for today:'
            f" ({datetime.now(UTC):%Y-%m-%d})"
        )


def _of_commit(version: str, tag: str | None) -> Iterator[str]:
    if changes := _git("status", "--porcelain").splitlines():
        first = changes[0].split(maxsplit=1)[-1]
        more = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
        yield f"Changes are not committed: {first}{more}. Commit them: a release is a commit."
    tags = [tag] if tag else _git("tag", "--points-at", "HEAD").split()
    if tag:
        yield from _of_tag(tag)
    if f"v{version}" not in tags:
        there = f"the tag {tags[0]}" if tags else "no tag"
        yield Decision(f"The commit has {there}. To release {version}: git tag v{version}")


def _of_tag(tag: str) -> Iterator[str]:
    """Yield what is wrong with a tag that was named: it has to be at the current commit."""
    name, head = f"refs/tags/{tag}", _git("rev-parse", "HEAD")
    if not _git("for-each-ref", name):
        yield f"This clone has no tag {tag}. Fetch it: git fetch origin tag {tag}"
    elif (tagged := _git("rev-parse", f"{name}^{{commit}}")) != head:
        yield (
            f"The tag {tag} is at commit {tagged[:10]}, and {head[:10]} is checked out. Check out"
            f" what is released: git checkout {tag}"
        )


def _changelog() -> str:
    return Path(archive.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def _git(*words: str) -> str:
    """Return what git prints.

    Raises:
        PackageError: This is no clone, or there is no git.
    """
    try:
        done = subprocess.run(
            ["git", *words], cwd=archive.ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise PackageError("A release is made in a clone of the repository, with git.") from error
    return done.stdout.strip()
