# SPDX-License-Identifier: GPL-3.0-or-later
"""The style sheet of the contact sheet, for light and dark color schemes."""

from __future__ import annotations

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
