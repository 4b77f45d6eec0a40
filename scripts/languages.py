# SPDX-License-Identifier: GPL-3.0-or-later
"""The languages into which the interface and the manual are translated."""

from __future__ import annotations

from pathlib import Path

LANGUAGES = {"de": "Deutsch", "ja": "日本語"}
"""Their codes, with their own names. `LOCALES` of `ui/translations` has Blender's names."""

LOCALE = Path(__file__).resolve().parents[1] / "docs" / "locale"


def manual_languages() -> dict[str, str]:
    """Return the languages of the manual, English first: the others are begun when they exist."""
    begun = {code: name for code, name in LANGUAGES.items() if (LOCALE / code).is_dir()}
    return {"en": "English"} | begun
