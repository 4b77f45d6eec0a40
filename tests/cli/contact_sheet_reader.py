# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse a contact sheet: what a person sees, and where the links lead."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "input", "img", "br", "link"}


@dataclass
class Card:
    """The card of one line; `parts` are the texts of its elements, by their classes or tags."""

    number: int
    state: str
    pictures: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    parts: dict[str, str] = field(default_factory=dict)


class ContactSheet(HTMLParser):
    """A parsed page. Every opened element must be closed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.cards: list[Card] = []
        self.filters: list[str] = []
        self.addresses: list[str] = []
        self.tags: set[str] = set()
        self.header = ""
        self.policy = ""
        self._open: list[tuple[str, str]] = []
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        loading = {"href", "src", "srcset", "action", "poster", "data"} & values.keys()
        self.addresses += [values[name] for name in sorted(loading)]
        if tag == "article":
            self.cards.append(Card(int(values["id"].removeprefix("line-")), values["class"]))
        elif tag == "input":
            self.filters.append(values["id"].removeprefix("show-"))
        elif tag == "img":
            assert values["loading"] == "lazy"
            self.cards[-1].pictures.append(values["src"])
        elif tag == "a":
            self.cards[-1].links.append(values["href"])
        elif values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"]
        if tag not in VOID:
            self._open.append((tag, values.get("class", "")))

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open.pop()[0] == tag, f"</{tag}> closes another one"

    def handle_data(self, data: str) -> None:
        inside = [tag for tag, _ in self._open]
        if "header" in inside:
            self.header += data
        if "article" in inside:
            parts = self.cards[-1].parts
            for tag, name in self._open[inside.index("article") :]:
                parts[name or tag] = parts.get(name or tag, "") + data
