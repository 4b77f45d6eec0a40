# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands about the account: `usage`, `check`, `models` and `worlds`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..application import session
from ..mint.schema import Kind
from .exits import Exit
from .terminal import Terminal

if TYPE_CHECKING:
    from ..jobs.budget.spending import Month

_BAR = 24  # characters of the longest bar


def usage(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Print Credits and totals from Mint, then the last 30 days from the journal."""
    with session.open_client() as client:
        usage = session.call_mint(client.usage, terminal.wait)
    available = usage.credits.total_available
    credits = {**(usage.raw.get("credits") or {})}
    credits.pop("totalAvailable", None)
    lines = [f"Credits available: {'unknown' if available is None else _format_value(available)}"]
    lines += _value_lines("Credits", credits)
    lines += _value_lines("Subscription", usage.subscription or {})
    lines += _value_lines("API", usage.api_usage or {})
    month = session.month()
    record = {"event": "usage", **usage.raw, "journal": _month_record(month)}
    terminal.result(record, *lines, *_month_lines(month))
    return Exit.DONE


def check(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Check whether Mint accepts the key, and print whose it is."""
    account = session.account()
    with session.open_client() as client:
        me = session.call_mint(client.me, terminal.wait)
    record = {
        "event": "check",
        "user": me.user_id,
        "email": me.email,
        "base_url": account.base_url,
        "key_source": account.key_source,
    }
    terminal.result(
        record,
        f"{account.base_url} accepts the key from {account.key_source}: {me.display_name}.",
    )
    return Exit.DONE


def list_assets(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """List models, or Worlds, of this API project, with the clips that are known here."""
    kind = Kind(arguments.command.removesuffix("s"))
    with session.open_journal() as job_service, session.open_client() as client:
        has_assets = False
        for asset in session.assets(
            client,
            kind,
            terminal.wait,
            search=arguments.search,
            since=arguments.since,
            limit=arguments.limit,
        ):
            has_assets = True
            created = f"{asset.created_at:%Y-%m-%d}" if asset.created_at else " " * 10
            clips = job_service.journal.clips_of(asset.id)
            terminal.result(
                {"event": kind.value, **asset.raw, **({"clips": clips} if clips else {})},
                f"{asset.id}  {created}  {asset.status or 'unknown':10}  {asset.title}",
                *([f"    {', '.join(clips)}"] if clips else []),
            )
    if not has_assets:
        plural = "models" if kind is Kind.MODEL else "Worlds"
        is_filtered = arguments.search or arguments.since
        such = "that match" if is_filtered else "yet"
        terminal.note(f"This API project has no {plural} {such}.")
    return Exit.DONE


def _month_lines(month: Month) -> Iterator[str]:
    """Yield the totals, and a bar for each day with at least one generation."""
    failed = "" if month.failed_share is None else f", {month.failed_share:.0%} failed"
    yield (
        f"Last {len(month.days)} days on this computer: {_generations_text(month.count)},"
        f" {_format_value(month.credits)} Credits{failed}"
    )
    highest = max((day.credits for day in month.days), default=0.0)
    for day in month.days:
        if day.count:
            bar = "#" * round(_BAR * day.credits / highest) if highest else ""
            failed = f", {day.failed} failed" if day.failed else ""
            yield (
                f"  {day.date:%Y-%m-%d}  {day.credits:>8,.0f}  {bar:{_BAR}} "
                f" {_generations_text(day.count)}{failed}".rstrip()
            )


def _generations_text(count: int) -> str:
    return f"{count} generation{'' if count == 1 else 's'}"


def _month_record(month: Month) -> dict[str, Any]:
    """Return the same as JSON values; days without a generation are left out."""
    return {
        "days": len(month.days),
        "generations": month.count,
        "credits": month.credits,
        "failed": month.failed,
        "failed_share": month.failed_share,
        "by_day": [
            {
                "date": day.date.isoformat(),
                "generations": day.count,
                "credits": day.credits,
                "failed": day.failed,
            }
            for day in month.days
            if day.count
        ],
    }


def _value_lines(title: str, values: Mapping[str, Any]) -> list[str]:
    return [
        f"{title} {_split_words(name)}: {_format_value(value)}"
        for name, value in _leaves(values)
        if value is not None
    ]


def _leaves(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from ((f"{name} {inner}", leaf) for inner, leaf in _leaves(value))
        else:
            yield name, value


def _split_words(name: str) -> str:
    """Return "current period end" for "currentPeriodEnd"."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)


def _format_value(value: object) -> str:
    """Return a value as people write it: 5,000 and 12.5 instead of 5000.0."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return ", ".join(map(_format_value, value)) if isinstance(value, list) else str(value)
