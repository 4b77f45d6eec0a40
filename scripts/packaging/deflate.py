# SPDX-License-Identifier: GPL-3.0-or-later
"""Compress with DEFLATE (RFC 1951) so that the same bytes always give the same result.

zlib promises only that its output can be read. The bytes differ between zlib, zlib-ng and the
libraries of the systems, and Python links another one on each of them. What is compressed here
depends on this file alone, so that an archive can be built again and compared on any machine.

It takes about three seconds for a megabyte, which is enough for source files.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

WINDOW = 32_768
MIN_MATCH, MAX_MATCH = 3, 258
CANDIDATES = 24
"""How many earlier places are compared for each match."""
LONG_ENOUGH = 64
"""A match of this length is taken without looking at more places."""
END_OF_BLOCK = 256
MAX_BITS, MAX_BITS_OF_LENGTHS = 15, 7
LENGTHS_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
"""The order in which a block's head has the lengths of the code for code lengths."""

Token = tuple[int, int]
"""A match as (length, distance), or a literal as (byte, 0)."""
Code = dict[int, tuple[int, int]]
"""For each symbol its bits, in the order in which they are written, and their number."""


def compress(data: bytes) -> bytes:
    """Return the data as one DEFLATE block, without a header or a checksum."""
    symbols = list(_symbols(_tokens(data)))
    literals, distances = _lengths_of_both(symbols)
    head = list(_run_lengths(literals + distances))
    head_lengths = _code_lengths(Counter(symbol for symbol, *_ in head), 19, MAX_BITS_OF_LENGTHS)
    used = max(i for i, symbol in enumerate(LENGTHS_ORDER) if head_lengths[symbol] or i == 3) + 1
    bits = _Bits()
    bits.write(0b101, 3)  # the last block, with codes of its own
    bits.write(len(literals) - 257, 5)
    bits.write(len(distances) - 1, 5)
    bits.write(used - 4, 4)
    for symbol in LENGTHS_ORDER[:used]:
        bits.write(head_lengths[symbol], 3)
    head_code = _code(head_lengths)
    for symbol, extra, width in head:
        bits.write(*head_code[symbol])
        bits.write(extra, width)
    _write_symbols(bits, symbols, _code(literals), _code(distances))
    return bits.finish()


class _Bits:
    """Bytes that are filled bit by bit, from the lowest bit on."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._rest = 0
        self._count = 0

    def write(self, value: int, width: int) -> None:
        self._rest |= value << self._count
        self._count += width
        if self._count >= 64:
            whole = self._count // 8
            self._bytes += (self._rest & (1 << whole * 8) - 1).to_bytes(whole, "little")
            self._rest >>= whole * 8
            self._count -= whole * 8

    def finish(self) -> bytes:
        return bytes(self._bytes) + self._rest.to_bytes((self._count + 7) // 8, "little")


# -- Matches


def _tokens(data: bytes) -> Iterable[Token]:
    """Yield literals and matches; a match waits for a longer one that begins a byte later."""
    places: dict[bytes, list[int]] = {}
    position, found = 0, (0, 0)
    while position < len(data):
        length, distance = found if found[0] else _longest_match(data, position, places)
        places.setdefault(data[position : position + MIN_MATCH], []).append(position)
        found = (0, 0)
        if length and length < LONG_ENOUGH:
            later = _longest_match(data, position + 1, places)
            if later[0] > length:
                found, length = later, 0
        if not length:
            yield data[position], 0
            position += 1
            continue
        yield length, distance
        for passed in range(position + 1, position + length):
            places.setdefault(data[passed : passed + MIN_MATCH], []).append(passed)
        position += length


def _longest_match(data: bytes, position: int, places: dict[bytes, list[int]]) -> Token:
    """Return the longest match that begins here, the nearest of equals, or (0, 0)."""
    best, distance = MIN_MATCH - 1, 0
    limit = min(MAX_MATCH, len(data) - position)
    for place in places.get(data[position : position + MIN_MATCH], [])[: -CANDIDATES - 1 : -1]:
        if position - place > WINDOW or best >= limit:
            break
        if data[place : place + best + 1] != data[position : position + best + 1]:
            continue
        length = best + 1
        while length < limit and data[place + length] == data[position + length]:
            length += 1
        best, distance = length, position - place
        if best >= LONG_ENOUGH:
            break
    # Three far bytes cost more as a match than as literals.
    useful = distance and (best > MIN_MATCH or distance <= 4096)
    return (best, distance) if useful else (0, 0)


# -- Symbols


def _ranges(first: int, widths: Sequence[int], start: int) -> list[tuple[int, int, int]]:
    """Return for each value its symbol, its first value and its number of extra bits."""
    table = []
    for symbol, width in enumerate(widths, first):
        table += [(symbol, start, width)] * (1 << width)
        start += 1 << width
    return table


LENGTH_SYMBOLS = _ranges(257, [0] * 8 + [n for n in range(1, 6) for _ in range(4)], MIN_MATCH)
LENGTH_SYMBOLS[MAX_MATCH - MIN_MATCH] = (285, MAX_MATCH, 0)  # has a symbol of its own
DISTANCE_SYMBOLS = _ranges(0, [0] * 4 + [n for n in range(1, 14) for _ in range(2)], 1)


def _symbols(tokens: Iterable[Token]) -> Iterable[tuple[int, int, int]]:
    """Yield (symbol, extra bits, their number); distances are negative: -1 is symbol 0."""
    for value, distance in tokens:
        if not distance:
            yield value, 0, 0
            continue
        symbol, start, width = LENGTH_SYMBOLS[value - MIN_MATCH]
        yield symbol, value - start, width
        symbol, start, width = DISTANCE_SYMBOLS[distance - 1]
        yield -1 - symbol, distance - start, width
    yield END_OF_BLOCK, 0, 0


def _write_symbols(
    bits: _Bits, symbols: Iterable[tuple[int, int, int]], literals: Code, distances: Code
) -> None:
    for symbol, extra, width in symbols:
        code, length = literals[symbol] if symbol >= 0 else distances[-1 - symbol]
        bits.write(code | extra << length, length + width)


# -- Huffman codes


def _lengths_of_both(symbols: Iterable[tuple[int, int, int]]) -> tuple[list[int], list[int]]:
    """Return the code lengths of literals with match lengths, and of distances."""
    counts = Counter(symbol for symbol, *_ in symbols)
    literals = Counter({symbol: count for symbol, count in counts.items() if symbol >= 0})
    distances = Counter({-1 - symbol: n for symbol, n in counts.items() if symbol < 0})
    return (
        _code_lengths(literals, max(literals) + 1, MAX_BITS),
        _code_lengths(distances, max(distances, default=0) + 1, MAX_BITS),
    )


def _code_lengths(counts: Counter[int], size: int, most: int) -> list[int]:
    """Return the number of bits of each symbol in a Huffman code, 0 for those without a code.

    Where a code would be too long, the counts are made more even until all are short enough.
    """
    full = counts.copy()
    while len(full) < 2:  # zlib refuses a code of one symbol for literals, and of none for lengths
        full[0 if 0 not in full else 1] = 1
    lengths = [0] * max(size, max(full) + 1)
    while True:
        for symbol, length in _huffman(full).items():
            lengths[symbol] = length
        if max(lengths) <= most:
            return lengths
        full = Counter({symbol: (count + 1) // 2 for symbol, count in full.items()})


def _huffman(counts: Counter[int]) -> dict[int, int]:
    """Return the number of bits of each symbol; equal counts are taken in a fixed order."""
    order = itertools.count()
    heap = [(count, next(order), [symbol]) for symbol, count in sorted(counts.items())]
    lengths = dict.fromkeys(counts, 0)
    while len(heap) > 1:
        few, _, first = heapq.heappop(heap)
        more, _, second = heapq.heappop(heap)
        for symbol in first + second:
            lengths[symbol] += 1
        heapq.heappush(heap, (few + more, next(order), first + second))
    return lengths


def _code(lengths: Sequence[int]) -> Code:
    """Return the canonical code for these lengths, its bits reversed as they are written."""
    code: Code = {}
    value = previous = 0
    for length, symbol in sorted((n, symbol) for symbol, n in enumerate(lengths) if n):
        value <<= length - previous
        code[symbol] = (_reversed(value, length), length)
        value, previous = value + 1, length
    return code


@cache
def _reversed(value: int, width: int) -> int:
    return int(f"{value:0{width}b}"[::-1], 2)


def _run_lengths(lengths: Sequence[int]) -> Iterable[tuple[int, int, int]]:
    """Yield code lengths as (symbol, extra bits, their number), with runs of the same length."""
    for value, run in itertools.groupby(lengths):
        left = len(list(run))
        if value:
            yield value, 0, 0
            left -= 1
        while left >= 3:
            symbol, start, width, most = (16, 3, 2, 6) if value else (17, 3, 3, 10)
            if not value and left > 10:
                symbol, start, width, most = 18, 11, 7, 138
            taken = min(left, most)
            yield symbol, taken - start, width
            left -= taken
        yield from [(value, 0, 0)] * left
