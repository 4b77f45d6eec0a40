# SPDX-License-Identifier: GPL-3.0-or-later
"""`docs/reliability.md`: its table and a section about each method, from the kept figures."""

from __future__ import annotations

import datetime
import json
import os
import platform
import re
from collections.abc import Mapping
from typing import Any

from scripts.dev import ROOT

from .soak_methods import METHODS, Method

PAGE = ROOT / "docs" / "reliability.md"
FIGURES = ROOT / "docs" / "reliability.json"
"""The figures of the last whole run of each method, which `soak --write` keeps."""
BEGIN, END = "<!-- begin: figures -->", "<!-- end: figures -->"
NOT_RUN = "not run yet"


def write(results: Mapping[str, Mapping[str, Any]]) -> None:
    """Keep these results, by method, and write the page; the figures of other methods stay."""
    kept = kept_figures()
    run = {"date": datetime.datetime.now(datetime.UTC).date().isoformat(), "machine": _machine()}
    kept |= {name: {**result, **run} for name, result in results.items()}
    known = {name: kept[name] for name in METHODS if name in kept}
    text = json.dumps(known, indent=1, default=list, ensure_ascii=False)
    FIGURES.write_text(f"{text}\n", encoding="utf-8")
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8"), known), encoding="utf-8")


def add(parts: Mapping[str, Mapping[str, Any]]) -> None:
    """Add these parts of long runs, by method, to what is kept of them, and write the page."""
    kept = kept_figures()
    write({name: _sum(kept.get(name), part) for name, part in parts.items()})


def _sum(kept: Mapping[str, Any] | None, part: Mapping[str, Any]) -> dict[str, Any]:
    if kept is None:
        return {**part, "parts": 1}
    names = [*kept["figures"], *(name for name in part["figures"] if name not in kept["figures"])]
    return {
        "figures": {
            name: kept["figures"].get(name, 0) + part["figures"].get(name, 0) for name in names
        },
        "failures": [*kept["failures"], *part["failures"]],
        "seconds": kept["seconds"] + part["seconds"],
        "next_seed": part["next_seed"],
        "parts": kept.get("parts", 1) + 1,
    }


def kept_figures() -> dict[str, dict[str, Any]]:
    """Return the kept results by method."""
    found: dict[str, dict[str, Any]] = json.loads(FIGURES.read_text(encoding="utf-8"))
    return found


def updated(page: str, kept: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the page with its generated part made from these results."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    rows = [_row(method, kept.get(method.name)) for method in METHODS.values()]
    table = [
        "| Method | Figures of the last whole run | Failures | Found and fixed | Repeat |",
        "| --- | --- | --- | --- | --- |",
        *rows,
    ]
    sections = [_section(method, kept.get(method.name)) for method in METHODS.values()]
    return "\n".join([f"{before}{BEGIN}", *table, "", *sections, ""]) + f"{END}{after}"


def number(value: float) -> str:
    """Return a figure as people write it: 1,000,000 or 0.25."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _row(method: Method, result: Mapping[str, Any] | None) -> str:
    figures, failures = NOT_RUN, ""
    if result is not None:
        totals, _ = _totals_and_parts(result)
        figures = ", ".join(f"{name}: {number(n)}" for name, n in totals.items())
        figures = figures if _is_whole(method, result) else f"so far: {figures}"
        fixed, others = _failures(method, result)
        failures = f"{len(others)} ({len(fixed)} fixed since)" if fixed else str(len(others))
    anchor = method.title.lower().replace(" ", "-")
    found = f"[{len(method.found)}](#{anchor})" if method.found else "0"
    repeat = f"`dev.py soak {method.name}`"
    return f"| [{method.title}](#{anchor}) | {figures} | {failures} | {found} | {repeat} |"


def _totals_and_parts(
    result: Mapping[str, Any],
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Return the figures for the table, and those with a group before the name, by group."""
    totals, parts = dict[str, float](), dict[str, dict[str, float]]()
    for name, value in result["figures"].items():
        group, colon, part = name.partition(": ")
        if colon:
            parts.setdefault(group, {})[part] = value
        else:
            totals[name] = value
    return totals, parts


def _section(method: Method, result: Mapping[str, Any] | None) -> str:
    lines = [f"### {method.title}\n", f"{method.what}\n", f"{_when(method, result)}\n"]
    if method.picture and result is not None:
        lines.append("![{}]({})\n".format(*method.picture))
    _, parts = _totals_and_parts(result) if result is not None else ({}, {})
    for group, figures in parts.items():
        each = "; ".join(f"{name} {number(value)}" for name, value in figures.items())
        lines.append(f"- {group}: {each}")
    if parts:
        lines.append("")
    if method.found:
        lines += ["Found and fixed:\n", *(f"- {each}" for each in method.found), ""]
    fixed, others = _failures(method, result) if result is not None else ([], [])
    for heading, failures in (
        ("Failed in this run, and fixed since, with a test:", fixed),
        ("Not fixed:", others),
    ):
        if failures:
            lines += [f"{heading}\n", *(f"- {each}" for each in failures), ""]
    command = " ".join(["python3 -m", method.package, *method.long])
    return "\n".join(
        [*lines, f"Repeat: `python3 scripts/dev.py soak {method.name}` (`{command}`)\n"]
    )


def _failures(method: Method, result: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the failures of a run that were fixed since, and the others."""
    fixed, others = list[str](), list[str]()
    for failure in result["failures"]:
        seed = re.search(r"\bseed (\d+)\b", failure)
        is_fixed = seed is not None and int(seed[1]) in method.fixed_seeds
        (fixed if is_fixed else others).append(failure)
    return fixed, others


def _when(method: Method, result: Mapping[str, Any] | None) -> str:
    if result is None:
        return "Its long form was not run yet, so nothing is claimed."
    minutes = max(1, round(result["seconds"] / 60))
    unit = "minute" if minutes == 1 else "minutes"
    parts = result.get("parts", 1)
    how = f"Run in {parts} parts until" if parts > 1 else "Run on"
    text = f"{how} {result['date']} for {number(minutes)} {unit} on {result['machine']}."
    if method.goal and not _is_whole(method, result):
        name, least = method.goal
        text += f" A whole run has {number(least)} {name}."
    return text


def _is_whole(method: Method, result: Mapping[str, Any]) -> bool:
    return method.goal is None or result["figures"].get(method.goal[0], 0) >= method.goal[1]


def _machine() -> str:
    return f"{platform.system()} with {os.cpu_count()} processor cores"
