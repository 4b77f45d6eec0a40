# SPDX-License-Identifier: GPL-3.0-or-later
"""Find links of the built manual that lead nowhere: `python -m scripts.devtools.dead_links FOLDER`.

Only links inside of the folder count.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class _Page(HTMLParser):
    """The addresses that a page names, and the places in it that have a name."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.places: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        for name, value in attrs:
            if value and name in ("href", "src"):
                self.addresses.append(value)
            elif value and name == "id":
                self.places.add(value)


def dead_links(folder: Path) -> list[str]:
    """Return a line for each link to a file or to a place in a page that is not there."""
    root = folder.resolve()
    pages = {path: _Page(path) for path in sorted(root.rglob("*.html"))}
    return [
        f"{path.relative_to(root)}: {address}"
        for path, page in pages.items()
        for address, target, place in _targets(path, page)
        if not target.exists() or (place and target in pages and place not in pages[target].places)
    ]


def _targets(path: Path, page: _Page) -> Iterator[tuple[str, Path, str]]:
    """Yield each address in these files, with the file and the place that it names."""
    for address in page.addresses:
        parts = urlsplit(address)
        if not parts.scheme and not parts.netloc:
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            yield address, target, unquote(parts.fragment)


def main(words: list[str]) -> int:
    """Print the dead links; return the exit status, 1 if there are any."""
    found = dead_links(Path(words[0]))
    for line in found:
        print(f"dead link in {line}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
