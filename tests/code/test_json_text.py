# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON that others wrote: nested too deeply is a mistake like any other."""

from __future__ import annotations

import pytest

from mint_blender.json_text import parse


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "{", "", b"\xff\xfe\xff"])
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    """Callers expect one kind of error."""
    with pytest.raises(ValueError):
        parse(text)


def test_levels_are_limited() -> None:
    """Lists and objects count, wherever they are."""
    assert parse('{"a": [[1]]}', most_levels=3) == {"a": [[1]]}
    with pytest.raises(ValueError, match="nested"):
        parse('{"a": [[1]]}', most_levels=2)
    assert parse("5", most_levels=0) == 5
