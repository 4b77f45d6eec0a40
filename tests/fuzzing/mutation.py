# SPDX-License-Identifier: GPL-3.0-or-later
"""Change an input at random: its bytes, or the values in its JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

from .checks import KEY

LONGEST = 64 * 1024
"""Most bytes of an input."""
FEW = (1, 1, 1, 2, 3)
"""How many changes: with several, the first one that is refused hides the others."""
TOKENS = (
    b"\x00",
    b"\x1b[2J",
    b"\xc2\x9b31m",
    b"\r\n",
    b"../../../x",
    b"/etc/x",
    b"C:\\x",
    b"%2e%2e%2f",
    b"https://[bad",
    b"https://127.0.0.1/x",
    b"http://[::1%25eth0]/",
    b"http:///x",
    b"#?@:",
    b"[" * 20_000,
    b'{"a":' * 20_000,
    b"9" * 400,
    b"1e999",
    b"-1",
    b"\\ud800",
    b"\xed\xa0\x80",
    "\u202e".encode(),
    "\u2028".encode(),
    "👩\u200d🔧".encode(),
    "مرحبا".encode(),
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"{a:99999999}",
    b"{a.__class__}",
    KEY.encode(),
)
"""Pieces that are worth trying anywhere."""
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63,
    2**70,
    10**400,
    1.5,
    1e300,
    float("inf"),
    float("nan"),
    "",
    " ",
    "x",
    "\ud800",
    "\x00",
    "\x1b[2Jx",
    "\u202eabc",
    "👩\u200d🔧",
    "../../../x",
    "/etc/x",
    "https://[bad",
    "https://a.example/b?c#d",
    "http://127.0.0.1/",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "{a:99999999}",
    "{a.__class__}",
    "{a",
    "data:image/png;base64,AAAA",
    "x" * 20_000,
    KEY,
    [],
    {},
    [[]],
    {"": None},
    {"a": 1},
    ["x"] * 300,
)
"""Values that are worth trying anywhere in JSON."""


def mutate(data: bytes, random: Random, *, is_json: bool) -> bytes:
    """Return a changed input."""
    if is_json and random.random() < 0.8 and (changed := _mutate_json(data, random)) is not None:
        return changed
    for _ in range(random.randint(1, 4)):
        data = _mutate_bytes(data, random)
    return data[:LONGEST]


def _mutate_bytes(data: bytes, random: Random) -> bytes:
    start = random.randint(0, len(data))
    end = min(len(data), start + random.choice((0, 0, 1, 1, 2, 4, 8, len(data))))
    return data[:start] + _piece(data, random) + data[end:]


def _piece(data: bytes, random: Random) -> bytes:
    kind = random.randint(0, 3)
    if kind == 0:
        return b""
    if kind == 1:
        return random.choice(TOKENS)
    if kind == 2 and data:
        start = random.randint(0, len(data) - 1)
        return data[start : start + random.randint(1, 40)]
    return bytes(random.randint(0, 255) for _ in range(random.randint(1, 6)))


def _mutate_json(data: bytes, random: Random) -> bytes | None:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    for _ in range(random.choice(FEW)):
        document = _replaced(document, random)
    return json.dumps(document).encode()[:LONGEST]


def _replaced(value: Any, random: Random) -> Any:
    """Return the value with one change at any of its places, each as likely as the others."""
    if not (found := list(places(value))):
        return _new_value(value, random)
    owner, key = random.choice(found)
    change = random.random()
    if change < 0.08:
        del owner[key]
    elif change < 0.16 and isinstance(owner, list):
        owner.append(owner[key])
    elif change < 0.2 and isinstance(owner, dict):
        owner[random.choice(("x", "\x1b", "", "\ud800", "a\nb"))] = owner[key]
    else:
        owner[key] = _new_value(owner[key], random)
    return value


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place in a JSON value: the object or list, and the key in it."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


def _new_value(value: Any, random: Random) -> Any:
    kind = random.random()
    if isinstance(value, str) and kind < 0.3:
        place = random.randint(0, len(value))
        token = random.choice(TOKENS).decode("utf-8", "surrogateescape")
        return value[:place] + token[:300] + value[place:]
    if isinstance(value, int | float) and kind < 0.3:
        return random.choice((-value, value + 1, value - 1, value * 1000))
    if kind < 0.35:
        return _nested(random.choice((3, 70, 400)))
    return deepcopy(random.choice(VALUES))


def _nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = [value]
    return value
