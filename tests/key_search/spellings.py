# SPDX-License-Identifier: GPL-3.0-or-later
"""The bytes by which a key can be recognized: as it is, in UTF-16, base64, hexadecimal, and quoted."""

from __future__ import annotations

import base64

KEY_TEXT = "secret-0123456789"
"""What every key of the tests contains."""


def find(data: bytes) -> str:
    """Return the name of the first spelling of a key in these bytes, or an empty string."""
    return next((name for spelling, name in _SPELLINGS.items() if spelling in data), "")


def spellings(text: str) -> dict[bytes, str]:
    """Return what to look for, with the name of each spelling.

    Any text may stand before and after it. That decides about the first and the last character in
    base64, and about the first byte in UTF-16, so these are left out.
    """
    plain = text.encode()
    found = {plain: "plain text", text.encode("utf-16-le")[:-1]: "UTF-16"}
    for shift in range(3):
        encoded = base64.b64encode(b"x" * shift + plain).rstrip(b"=")
        first = (shift * 8 + 5) // 6
        last = (shift + len(plain)) * 8 // 6
        found[encoded[first:last]] = "base64"
    for digits in ("02x", "02X"):
        pairs = [format(byte, digits) for byte in plain]
        found["".join(pairs).encode()] = "hexadecimal"
        found["".join(f"%{pair}" for pair in pairs).encode()] = "URL encoding"
    return found


_SPELLINGS = spellings(KEY_TEXT)
