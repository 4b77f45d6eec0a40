# SPDX-License-Identifier: GPL-3.0-or-later
"""The contact sheet of a batch, `index.html`: a card for every line.

It is one file that opens without a network. Links are relative, so that the folder can be moved.
The filters are radio buttons and CSS: no script runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ...delivery.write_files import write_text
from ...jobs.phases import Phase
from ..output.terminal import Terminal
from .result_files import LineReport, LineState

NAME = "index.html"
MARK = '<meta name="generator" content="Mint for Blender, contact sheet">'
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
    """Return the number of lines in each state, and the Credits of all lines."""
    counts = Counter(entry.state for entry in entries)
    return {
        **{state.value.replace(" ", "_"): counts[state] for state in LineState},
        "credits": sum(entry.job.cost or 0.0 for entry in entries if entry.job),
    }


def write_sheet(folder: Path, source: str, entries: Sequence[LineReport]) -> Path:
    """Write the contact sheet and return its path.

    Args:
        folder: The folder of the batch.
        source: The name of the batch file.
        entries: The lines in their order in the file.

    Raises:
        OSError: The file cannot be written.
    """
    path = folder / NAME
    write_text(path, page(source, entries, datetime.now().astimezone()))
    return path


def report_sheet(
    folder: Path, source: str, entries: Sequence[LineReport], terminal: Terminal
) -> bool:
    """Write the contact sheet and report where it is; return whether it could be written."""
    try:
        path = write_sheet(folder, source, entries)
    except OSError as error:
        terminal.note(f"Could not write the contact sheet: {error.strerror or error}.")
        return False
    terminal.event({"event": "batch", **summary(entries), "sheet": str(path)})
    terminal.note(f"Contact sheet: {path}")
    return True


def page(source: str, entries: Sequence[LineReport], now: datetime) -> str:
    """Return the HTML of the page."""
    cards = "\n".join(_card(entry) for entry in entries)
    title = escape(Path(source).stem)
    written_at = now.isoformat(timespec="seconds")
    time = f'<time datetime="{written_at}">{now:%Y-%m-%d %H:%M}</time>'
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{MARK}
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{title} · Mint</title>
<style>{STYLE}</style>
</head>
<body>
{_filters(entries)}
<header>
<div class="head">
<h1>{title}</h1>
<p class="origin">{escape(source)} · {time}</p>
</div>
{_summary(entries)}
</header>
<main>
{cards}
</main>
</body>
</html>
"""


def _filters(entries: Sequence[LineReport]) -> str:
    """Return a radio button for each state in use; their labels are in the summary."""
    words = ["all", *(_css_class(state) for state in _states(entries))]
    return "\n".join(
        f'<input type="radio" name="show" id="show-{word}" aria-label="show'
        f' {word}"{" checked" if word == "all" else ""}>'
        for word in words
    )


def _summary(entries: Sequence[LineReport]) -> str:
    counts, credits = Counter(entry.state for entry in entries), summary(entries)["credits"]
    labels = [_label("all", "lines" if len(entries) != 1 else "line", len(entries))]
    labels += [_label(_css_class(state), state.value, counts[state]) for state in _states(entries)]
    bars = "".join(
        f'<i class="{_css_class(state)}" style="flex-grow:{counts[state]}"></i>'
        for state in _states(entries)
    )
    unpriced = sum(_may_have_cost(entry) for entry in entries)
    more = (
        f" plus the unknown cost of {unpriced:,} {'line' if unpriced == 1 else 'lines'}"
        if unpriced
        else ""
    )
    cost = f'<p class="credits"><b>{credits:,.0f}</b> Credits{more}</p>'
    return (
        f'<div class="summary">\n<nav>{"".join(labels)}</nav>\n{cost}\n</div>\n<div class="bar"'
        f' aria-hidden="true">{bars}</div>'
    )


def _may_have_cost(entry: LineReport) -> bool:
    """Return whether the line may have cost Credits that Mint has not reported."""
    job = entry.job
    if job is None or job.cost is not None:
        return False
    return job.operation is not None or (
        any(each.attempts for each in job.requests)
        and job.phase not in {Phase.FAILED, Phase.CANCELED}
    )


def _label(word: str, label: str, count: int) -> str:
    return f'<label for="show-{word}" class="{word}"><b>{count:,}</b> {escape(label)}</label>'


def _states(entries: Sequence[LineReport]) -> list[LineState]:
    """Return the states in use, always in the same order."""
    found = {entry.state for entry in entries}
    return [state for state in LineState if state in found]


def _css_class(state: LineState) -> str:
    return state.value.replace(" ", "-")


def _card(entry: LineReport) -> str:
    request = entry.line.request
    facts = [
        request.kind.value,
        request.preset.value,
        *(["review"] if request.mode.value == "review" else []),
    ]
    if entry.line.optimize:
        facts.append(f"optimized: {entry.line.optimize.value}")
    if entry.job and (credits := entry.job.cost) is not None:
        facts.append(f"{credits:,.0f} Credits")
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
        f'<p class="facts">{escape(" · ".join(facts))}</p>',
        _reason(entry) if entry.picture else "",
        _notes(entry),
        _links(entry),
        "</div>",
    ]
    inside = "\n".join(part for part in parts if part)
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
    address, alt = (
        _address(entry.picture),
        escape(entry.line.request.name or entry.line.request.prompt[:200] or "reference images"),
    )
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
    commands = "".join(f"<code>{escape(command)}</code>" for command in entry.commands)
    return (
        f'<div class="why"><p>{escape(entry.sentence)}</p>{commands}</div>'
        if entry.sentence
        else ""
    )


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


STATES = ("done", "failed", "waiting", "running", "not-started")

_LOOK = """
:root {
  color-scheme: light dark;
  --page: #f6f7f6; --card: #ffffff; --line: #e2e6e3; --ink: #1b211e; --soft: #5d6762; --stage: #eceeed;
  --link: #0a6b4a; --shadow: 0 1px 2px rgb(20 30 25 / .06), 0 4px 14px rgb(20 30 25 / .05);
  --done: #12805a; --failed: #c0392b; --waiting: #b26b00; --running: #2b6cb0; --not-started: #7a837e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131614; --card: #1c201e; --line: #2c322f; --ink: #e8ece9; --soft: #98a29d; --stage: #252a27;
    --link: #6fd6ac; --shadow: 0 1px 2px rgb(0 0 0 / .4);
    --done: #4cc492; --failed: #f08276; --waiting: #e6ab4a; --running: #7cb5ec; --not-started: #8d9691;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
h1, h2, p { margin: 0; }
a { color: var(--link); }
input[name=show] { position: absolute; opacity: 0; pointer-events: none; }

header { max-width: 1680px; margin: 0 auto; padding: 28px 28px 0; }
h1 { font-size: 30px; line-height: 1.15; letter-spacing: -.02em; overflow-wrap: anywhere; }
.origin { color: var(--soft); margin-top: 4px; overflow-wrap: anywhere; }
.summary { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 10px 24px; margin-top: 18px; }
nav { display: flex; flex-wrap: wrap; gap: 8px; }
label {
  padding: 5px 13px; border: 1px solid var(--line); border-radius: 999px; background: var(--card); color: var(--soft); cursor: pointer;
  user-select: none;
}
label:hover { border-color: var(--soft); }
label b { color: var(--tint, var(--ink)); font-weight: 650; font-variant-numeric: tabular-nums; }
.credits { color: var(--soft); }
.credits b { color: var(--ink); font-size: 20px; font-weight: 650; font-variant-numeric: tabular-nums; letter-spacing: -.01em; }
.bar { display: flex; gap: 2px; height: 6px; margin-top: 14px; border-radius: 3px; overflow: hidden; }
.bar i { background: var(--tint); min-width: 4px; }

main {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(232px, 1fr)); gap: 18px;
  max-width: 1680px; margin: 0 auto; padding: 22px 28px 48px;
}
article {
  display: flex; flex-direction: column; border: 1px solid var(--line); border-radius: 12px; background: var(--card);
  box-shadow: var(--shadow); overflow: hidden;
}
.picture { display: grid; place-items: center; aspect-ratio: 1; background: var(--stage); overflow: hidden; }
.picture img { width: 100%; height: 100%; object-fit: contain; display: block; }
.picture.none {
  color: var(--tint); font-size: 14px; border-bottom: 1px solid var(--line); min-height: min-content; padding: 14px;
  background: repeating-linear-gradient(-45deg, transparent 0 9px, color-mix(in srgb, var(--tint) 7%, transparent) 9px 18px), var(--stage);
}
.picture.with-reason { background: color-mix(in srgb, var(--tint) 8%, var(--card)); }
.text { display: flex; flex: 1; flex-direction: column; gap: 7px; padding: 12px 14px 14px; min-width: 0; }
.top { display: flex; justify-content: space-between; align-items: baseline; }
.number { color: var(--soft); font-variant-numeric: tabular-nums; font-size: 13px; }
.state { color: var(--tint); font-size: 13px; font-weight: 600; }
.state::before {
  content: ""; display: inline-block; width: 8px; height: 8px; margin-inline-end: 6px; border-radius: 50%; background: var(--tint);
}
h2 { font-size: 16px; line-height: 1.3; overflow-wrap: anywhere; }
.prompt { overflow-wrap: anywhere; }
h2 + .prompt { color: var(--soft); }
summary { cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
details[open] summary { display: inline; }
.facts { color: var(--soft); font-size: 13px; }
.why {
  padding: 9px 11px; border-radius: 8px; border-inline-start: 3px solid var(--tint); font-size: 13.5px; overflow-wrap: anywhere;
  background: color-mix(in srgb, var(--tint) 9%, transparent);
}
.why code {
  display: block; margin-top: 6px; padding: 3px 7px; border-radius: 5px; background: var(--card); border: 1px solid var(--line);
  font: 12px/1.4 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere; user-select: all;
}
.picture .why { align-self: stretch; justify-self: stretch; border: 0; padding: 0; background: none; color: var(--ink); }
.picture .why p::before { content: "●"; color: var(--tint); margin-inline-end: 7px; font-size: 11px; }
.notes { margin: 0; padding-inline-start: 16px; color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
.links { margin-top: auto; padding-top: 2px; display: flex; flex-wrap: wrap; gap: 4px 14px; font-size: 14px; }
.links a { text-decoration: none; font-weight: 550; }
.links a:hover { text-decoration: underline; }
.links .outside::after { content: " ↗"; }
:is(a, label, summary):focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
@media (max-width: 560px) {
  header { padding: 20px 16px 0; }
  main { grid-template-columns: repeat(auto-fill, minmax(160px, 1fr)); padding: 16px 16px 32px; gap: 12px; }
}
@media print { label { border: 0; padding: 0; } article { break-inside: avoid; box-shadow: none; } }
"""


def _of_state(state: str) -> str:
    """Return the color of a state, and what its filter hides."""
    chosen = f"#show-{state}:checked ~"
    return (
        f".{state} {{ --tint: var(--{state}); }}\n{chosen} main article:not(.{state}) {{ display:"
        f" none; }}\n{chosen} header label.{state} {{ border-color: var(--tint); background:"
        f" color-mix(in srgb, var(--tint) 12%, var(--card)); }}\n#show-{state}:focus-visible ~"
        f" header label.{state} {{ outline: 2px solid var(--link); outline-offset: 2px; }}\n"
    )


_OF_ALL = """
#show-all:checked ~ header label.all { border-color: var(--soft); color: var(--ink); }
#show-all:focus-visible ~ header label.all { outline: 2px solid var(--link); outline-offset: 2px; }
"""

STYLE = _LOOK + _OF_ALL + "".join(map(_of_state, STATES))
