# SPDX-License-Identifier: GPL-3.0-or-later
"""The contact sheet of a batch, `index.html`: a card for every line.

It is one file that opens without a network. Links are relative, so that the folder can be moved.
The filters are radio buttons and CSS: no script runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ...application.batch.result_files import LineReport, LineState
from ...delivery.write_files import write_text
from ...files import pictures
from ...jobs.batch_lines import Line
from ..terminal import Terminal

NAME = "index.html"
STYLE = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
MARK = '<meta name="generator" content="Mint for Blender, contact sheet">'
GENERATED = f'<meta property="Iptc4xmpExt:DigitalSourceType" content="{pictures.GENERATED}">'
_SHOWN = 140  # characters of a prompt that are visible; the rest unfolds

# Nothing is loaded from outside the folder and no script runs, whatever a prompt contains.
_POLICY = (
    "default-src 'none'; img-src 'self' file: data:; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'"
)


def write_problem(folder: Path) -> str | None:
    """Return why no contact sheet may be written here, or None.

    A page that is not a contact sheet of ours is never overwritten.
    """
    path = folder / NAME
    try:
        if not path.exists() or MARK in path.read_text(encoding="utf-8", errors="replace")[:2000]:
            return None
    except OSError as error:
        return f"Cannot read {path}: {error.strerror}. Nothing was started."
    return (
        f"{folder} has an {NAME} that is not a contact sheet. Choose another folder. Nothing was"
        " started."
    )


def summary(entries: Sequence[LineReport]) -> dict[str, Any]:
    """Return the number of lines in each state, and the Credits of all lines.

    Those of lines that may have cost something unknown are not among them.
    """
    counts = Counter(entry.state for entry in entries)
    known = [entry.credits for entry in entries if entry.credits is not None]
    unknown = sum(entry.may_have_cost for entry in entries)
    return {
        **{state.value.replace(" ", "_"): counts[state] for state in LineState},
        "credits": sum(known) if known or not unknown else None,
        "unknown_credits": unknown,
    }


def report_sheet(
    folder: Path,
    source: str,
    entries: Sequence[LineReport],
    terminal: Terminal,
    chosen: Collection[Line],
) -> bool:
    """Write the contact sheet and report where it is; return whether it could be written.

    `source` is the name of the batch file, `entries` are all of its lines in their order. The
    report counts the chosen ones.
    """
    path = folder / NAME
    numbers = {line.number for line in chosen}
    counted = [entry for entry in entries if entry.line.number in numbers]
    try:
        write_text(path, page(source, entries, datetime.now().astimezone()))
    except OSError as error:
        terminal.note(f"Could not write the contact sheet: {error.strerror or error}.")
        return False
    terminal.event({"event": "batch", **summary(counted), "sheet": str(path)})
    terminal.note(f"Contact sheet: {path}")
    return True


def page(source: str, entries: Sequence[LineReport], now: datetime) -> str:
    """Return the HTML of the page."""
    cards = "\n".join(map(_card, entries))
    filters, overview = _overview(entries)
    title = escape(Path(source).stem)
    written_at = now.isoformat(timespec="seconds")
    time = f'<time datetime="{written_at}">{now:%Y-%m-%d %H:%M}</time>'
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{MARK}
{GENERATED}
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{title} · Mint</title>
<style>{STYLE}</style>
</head>
<body>
{filters}
<header>
<div class="head">
<h1>{title}</h1>
<p class="origin">{escape(source)} · {time}</p>
</div>
{overview}
</header>
<main>
{cards}
</main>
</body>
</html>
"""


def _overview(entries: Sequence[LineReport]) -> tuple[str, str]:
    """Return a radio button for each state in use; and their labels, the Credits and a bar."""
    counts = Counter(entry.state for entry in entries)
    shown = [("all", "lines" if len(entries) != 1 else "line", len(entries))]
    shown += [
        (_css_class(state), state.value, counts[state]) for state in LineState if counts[state]
    ]
    filters = "\n".join(
        f'<input type="radio" name="show" id="show-{word}" aria-label="show'
        f' {word}"{" checked" if word == "all" else ""}>'
        for word, *_ in shown
    )
    labels = "".join(
        f'<label for="show-{word}" class="{word}"><b>{count:,}</b> {escape(label)}</label>'
        for word, label, count in shown
    )
    bars = "".join(
        f'<i class="{word}" style="flex-grow:{count}"></i>' for word, _, count in shown[1:]
    )
    unpriced = sum(entry.may_have_cost for entry in entries)
    lines = "line" if unpriced == 1 else "lines"
    more = f" plus the unknown cost of {unpriced:,} {lines}" if unpriced else ""
    cost = f'<p class="credits"><b>{summary(entries)["credits"] or 0.0:,.0f}</b> Credits{more}</p>'
    return filters, (
        f'<div class="summary">\n<nav>{labels}</nav>\n{cost}\n</div>\n<div class="bar"'
        f' aria-hidden="true">{bars}</div>'
    )


def _css_class(state: LineState) -> str:
    return state.value.replace(" ", "-")


def _card(entry: LineReport) -> str:
    request = entry.line.request
    facts = [
        request.kind.value,
        request.preset.value,
        "review" if request.mode.value == "review" else "",
        f"optimized: {entry.line.optimize.value}" if entry.line.optimize else "",
        "" if entry.credits is None else f"{entry.credits:,.0f} Credits",
    ]
    name = f'<h2 dir="auto">{escape(request.name)}</h2>' if request.name else ""
    parts = [
        _picture(entry),
        '<div class="text">',
        (
            f'<p class="top"><span class="number">{entry.line.number}</span><span'
            f' class="state">{escape(entry.state.value)}</span></p>'
        ),
        name,
        _prompt(entry),
        *(
            f'<p class="meta" dir="auto">{escape(f"{name}: {text}")}</p>'
            for name, text in entry.line.delivery.meta
        ),
        f'<p class="facts">{escape(" · ".join(filter(None, facts)))}</p>',
        _reason(entry) if entry.picture else "",
        _notes(entry),
        _links(entry),
        "</div>",
    ]
    inside = "\n".join(filter(None, parts))
    return (
        f'<article class="{_css_class(entry.state)}"'
        f' id="line-{entry.line.number}">\n{inside}\n</article>'
    )


def _picture(entry: LineReport) -> str:
    if entry.picture is None:
        why = _reason(entry)
        content = why or f"<span>{_NO_PICTURE[entry.state]}</span>"
        classes = "picture none with-reason" if why else "picture none"
        return f'<div class="{classes}">{content}</div>'
    address = _address(entry.picture)
    request = entry.line.request
    alt = escape(request.name or request.prompt[:200] or "reference images")
    return (
        f'<a class="picture" href="{address}"><img src="{address}" alt="{alt}" loading="lazy"'
        ' decoding="async"></a>'
    )


_NO_PICTURE = {
    LineState.DONE: "no picture",
    LineState.FAILED: "no result",
    LineState.WAITING: "no picture yet",
    LineState.RUNNING: "running",
    LineState.UNSTARTED: "not started",
}


def _prompt(entry: LineReport) -> str:
    """Return the prompt; a long one is cut and can be unfolded."""
    prompt = " ".join(entry.line.request.prompt.split()) or "(from reference images)"
    if len(prompt) <= _SHOWN:
        return f'<p class="prompt" dir="auto">{escape(prompt)}</p>'
    start = prompt[: _SHOWN - 20].rsplit(" ", 1)[0]
    rest = escape(prompt[len(start) :].strip())
    summary_line = f"<summary>{escape(start)}…</summary>"
    return f'<details class="prompt" dir="auto">{summary_line}{rest}</details>'


def _reason(entry: LineReport) -> str:
    """Return why the line is not done, and the commands that continue it."""
    if not entry.sentence:
        return ""
    commands = "".join(f"<code>{escape(command)}</code>" for command in entry.commands)
    return f'<div class="why"><p>{escape(entry.sentence)}</p>{commands}</div>'


def _notes(entry: LineReport) -> str:
    notes = "".join(f"<li>{escape(note)}</li>" for note in (entry.job.notes if entry.job else ()))
    return f'<ul class="notes">{notes}</ul>' if notes else ""


def _links(entry: LineReport) -> str:
    links = [
        _link(entry.result, entry.result.suffix.lstrip(".").upper() if entry.result else ""),
        _link(entry.record, "Record"),
    ]
    operation, asset = (entry.job.operation, entry.job.asset) if entry.job else (None, None)
    address = (asset.mint_url if asset else None) or (operation.mint_url if operation else None)
    if address and address.startswith("https://"):
        links.append(
            f'<a href="{escape(address)}" rel="noopener noreferrer" class="outside">Open in'
            " Mint</a>"
        )
    return f'<p class="links">{"".join(links)}</p>' if any(links) else ""


def _link(path: Path | None, label: str) -> str:
    return f'<a href="{_address(path)}">{escape(label)}</a>' if path else ""


def _address(path: Path) -> str:
    """Return a relative link; "./" keeps a colon from being read as a scheme."""
    return escape("./" + quote(path.name))
