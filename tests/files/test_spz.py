# SPDX-License-Identifier: GPL-3.0-or-later
"""SPZ files: the right values from every version, and a clear sentence for every file that is not
what it says.
"""

from __future__ import annotations

import gzip
import json
import struct
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mint_blender.files.errors import InvalidSplats
from mint_blender.files.spz import decode
from mint_blender.files.spz.harmonics import PER_DEGREE, basis

from . import build_spz

DATA = Path(__file__).parent / "data" / "spz"
ANSWERS = [
    (path.stem, decoder)
    for path in sorted(DATA.glob("*.json"))
    for decoder in json.loads(path.read_text())
]


@pytest.fixture
def write(tmp_path):
    """Writes bytes to a file and gives its path."""

    def write_bytes(data: bytes) -> Path:
        path = tmp_path / "place.spz"
        path.write_bytes(data)
        return path

    return write_bytes


@pytest.mark.parametrize(("stem", "decoder"), ANSWERS)
def test_values_are_those_of_other_decoders(stem, decoder):
    """Every value agrees with what an independent decoder reads from the same file, well below the
    format's quantisation step.
    """
    ours = decode.decode(DATA / f"{stem}.spz")
    theirs = {
        key: np.array(values, np.float64)
        for key, values in json.loads((DATA / f"{stem}.json").read_text())[decoder].items()
    }
    if "splat-transform" in decoder:  # it answers with what training uses: logarithms and log odds
        theirs["scales"] = np.exp(theirs["scales"])
        theirs["alphas"] = 1 / (1 + np.exp(-theirs["alphas"]))
    else:  # it answers with a color to look at
        theirs["colors"] = (theirs["colors"] - 0.5) / 0.282
    rotations = theirs["rotations"].reshape(-1, 4)[:, [3, 0, 1, 2]]
    assert len(ours) == 20
    np.testing.assert_allclose(ours.positions, theirs["positions"].reshape(-1, 3), atol=2e-6)
    np.testing.assert_allclose(ours.scales, theirs["scales"].reshape(-1, 3), rtol=1e-5)
    np.testing.assert_allclose(ours.rotations, rotations, atol=1e-5)
    np.testing.assert_allclose(ours.base[:, :3], theirs["colors"].reshape(-1, 3), atol=1e-5)
    np.testing.assert_allclose(ours.base[:, 3], theirs["alphas"], atol=1e-5)
    np.testing.assert_allclose(ours.harmonics, theirs["sh"].reshape(20, -1, 3), atol=1e-6)


@pytest.mark.parametrize("version", [1, 2, 3, 4])
@pytest.mark.parametrize("degree", [0, 1, 2, 3, 4])
def test_written_splats_are_read_back(write, version, degree):
    """What was written comes back, as near as the format's steps allow, for each version and
    degree.
    """
    made = build_spz.made_up(1000, degree=degree)
    read = decode.decode(write(build_spz.encode(made, version=version)))
    np.testing.assert_allclose(
        read.positions, made.positions, atol=2e-3 if version == 1 else 0.51 / 4096
    )
    np.testing.assert_allclose(np.log(read.scales), np.log(made.scales), atol=0.51 / 16)
    np.testing.assert_allclose(read.base[:, 3], made.base[:, 3], atol=0.51 / 255)
    np.testing.assert_allclose(read.base[:, :3], made.base[:, :3], atol=0.51 / 255 / 0.15)
    np.testing.assert_allclose(read.harmonics, made.harmonics, atol=0.51 / 128)
    same_turn = np.abs((read.rotations * made.rotations).sum(axis=1))  # q and -q are one turn
    assert same_turn.min() > (0.99 if version < 3 else 0.99999)
    assert read.harmonics.shape == (1000, PER_DEGREE[degree], 3)


def test_an_empty_stream_of_harmonics_may_be_there_or_not(write):
    """Without harmonics the reference writer leaves their stream out; a writer that puts an empty
    one is understood too.
    """
    made = build_spz.made_up(10)
    parts = build_spz.sections(made, 4)
    assert parts[-1] == b""
    for streams in (parts[:5], parts):
        assert len(decode.decode(write(build_spz.table(build_spz.header(made, 4), streams)))) == 10


def test_higher_harmonics_can_be_left_out(write):
    """Whoever does not need the harmonics does not pay for them."""
    path = write(build_spz.encode(build_spz.made_up(10, degree=3)))
    assert decode.decode(path, max_degree=1).harmonics.shape == (10, 3, 3)
    assert np.array_equal(
        decode.decode(path, max_degree=1).harmonics, decode.decode(path).harmonics[:, :3]
    )


def test_flags_are_read(write):
    """Antialiased training is told; records of extensions are skipped in both containers."""
    made = build_spz.made_up(10)
    assert decode.decode(write(build_spz.encode(made, flags=1))).antialiased
    for version in (3, 4):
        extended = decode.decode(
            write(
                build_spz.encode(
                    made, version=version, flags=2, extension=struct.pack("<II", 7, 5) + b"hello"
                )
            )
        )
        assert len(extended) == 10 and not extended.antialiased


@pytest.mark.parametrize("degree", [1, 2, 3, 4])
def test_radiance_stays_with_its_direction(degree):
    """In Blender's axes a splat shows towards (x, -z, y) the color that it showed towards (x, y,
    z).
    """
    made = build_spz.made_up(8, degree=degree)
    turned = decode.to_blender_axes(made)
    directions = np.random.default_rng(5).normal(size=(50, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    count = PER_DEGREE[degree]
    before = np.einsum("dk,nkc->ndc", basis(directions)[:, :count], made.harmonics)
    after = np.einsum(
        "dk,nkc->ndc", basis(directions @ QUARTER_TURN.T)[:, :count], turned.harmonics
    )
    np.testing.assert_allclose(after, before, atol=1e-5)
    assert not np.allclose(turned.harmonics, made.harmonics)


QUARTER_TURN = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], float)  # +90 degrees about X


# in the usual axes
LETTERS = {
    "R": (1, 0, 0),
    "L": (-1, 0, 0),
    "U": (0, 1, 0),
    "D": (0, -1, 0),
    "B": (0, 0, 1),
    "F": (0, 0, -1),
}
SYSTEMS = (
    "RUB",
    "LDB",
    "RDB",
    "LUB",
    "RUB",
    "LDF",
    "RDF",
    "LUF",
    "RUF",
    "LFD",
    "RFD",
    "LFU",
    "RFU",
    "LBD",
    "RBD",
    "LBU",
    "RBU",
)


def record(number: int) -> bytes:
    """The extension record that names a coordinate system."""
    return struct.pack("<III", 0xADBE0003, 4, number)


def in_other_axes(made: decode.Splats, system: str) -> decode.Splats:
    """The same cloud as somebody writes it who uses these axes: by the ellipsoids' covariances, not
    by any formula of ours.
    """
    # what is at p in the usual axes is at there @ p
    there = np.array([LETTERS[letter] for letter in system], float)
    # an ellipsoid is its own mirror image through its center
    own = there @ matrices(made.rotations) * np.linalg.det(there)
    sample = np.random.default_rng(3).normal(size=(400, 3))
    sample /= np.linalg.norm(sample, axis=1, keepdims=True)
    count = made.harmonics.shape[1]
    seen = np.einsum("dk,nkc->dnc", basis(sample)[:, :count], made.harmonics)
    flat = np.linalg.lstsq(
        basis(sample @ there.T)[:, :count], seen.reshape(len(sample), -1), rcond=None
    )[0]
    return replace(
        made,
        positions=(made.positions @ there.T).astype(np.float32),
        rotations=np.array([quaternion(each) for each in own], np.float32),
        harmonics=flat.reshape(count, len(made), 3).astype(np.float32).transpose(1, 0, 2),
    )


def quaternion(turn: np.ndarray) -> list[float]:
    """w, x, y, z of a rotation matrix, by its largest diagonal (Shepperd)."""
    choices = [np.trace(turn), *np.diag(turn)]
    best = int(np.argmax(choices))
    if best == 0:
        q = [
            1 + choices[0],
            turn[2, 1] - turn[1, 2],
            turn[0, 2] - turn[2, 0],
            turn[1, 0] - turn[0, 1],
        ]
    else:
        i = best - 1
        j, k = (i + 1) % 3, (i + 2) % 3
        q = [turn[k, j] - turn[j, k], 0.0, 0.0, 0.0]
        q[1 + i] = 1 + turn[i, i] - turn[j, j] - turn[k, k]
        q[1 + j], q[1 + k] = turn[i, j] + turn[j, i], turn[i, k] + turn[k, i]
    return list(np.array(q) / np.linalg.norm(q))


def covariances(splats: decode.Splats) -> np.ndarray:
    """The ellipsoids themselves."""
    axes = matrices(splats.rotations) * splats.scales[:, None, :]
    return axes @ axes.transpose(0, 2, 1)


@pytest.mark.parametrize("number", range(17))
@pytest.mark.parametrize("version", [3, 4])
def test_a_cloud_in_other_axes_is_turned(write, version, number):
    """Places, ellipsoids and what each splat shows towards a direction are those of the same cloud
    in the usual axes.
    """
    made = build_spz.made_up(60, degree=3)
    # turned values must still fit into the format
    made = replace(made, harmonics=made.harmonics * np.float32(0.3))
    usual = decode.to_blender_axes(made)
    orbit = struct.pack("<II", 0xADBE0002, 12) + bytes(12)
    path = write(
        build_spz.encode(
            in_other_axes(made, SYSTEMS[number]),
            version=version,
            flags=2,
            extension=orbit + record(number),
        )
    )
    assert decode.read_axes(path) == decode.decode(path).axes == SYSTEMS[number]
    turned = decode.to_blender_axes(decode.decode(path))
    np.testing.assert_allclose(turned.positions, usual.positions, atol=1e-3)
    largest = np.abs(covariances(usual)).max(axis=(1, 2), keepdims=True)
    # a size has steps of 6 %
    np.testing.assert_allclose(
        covariances(turned) / largest, covariances(usual) / largest, atol=0.12
    )
    directions = np.random.default_rng(5).normal(size=(50, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    shown = [
        np.einsum("dk,nkc->ndc", basis(directions)[:, :15], each.harmonics)
        for each in (turned, usual)
    ]
    np.testing.assert_allclose(shown[0], shown[1], atol=0.04)
    assert np.isclose(np.linalg.norm(turned.rotations, axis=1), 1, atol=1e-3).all()


@pytest.mark.parametrize("system", sorted(set(SYSTEMS)))
def test_turning_is_exact(system):
    """Without the format's rounding in between, nothing is lost but single precision; scales,
    colors and opacities stay.
    """
    made = build_spz.made_up(60, degree=4)
    usual, turned = (
        decode.to_blender_axes(made),
        decode.to_blender_axes(replace(in_other_axes(made, system), axes=system)),
    )
    np.testing.assert_allclose(turned.positions, usual.positions, atol=1e-6)
    np.testing.assert_allclose(covariances(turned), covariances(usual), atol=1e-6)
    np.testing.assert_allclose(turned.harmonics, usual.harmonics, atol=1e-5)
    assert np.array_equal(turned.scales, usual.scales) and np.array_equal(turned.base, usual.base)


BAD_RECORDS = {
    "an unknown system": (record(17), "coordinate system 17"),
    "a huge number": (record(2**32 - 1), "coordinate system 4294967295"),
    "another size": (struct.pack("<IIQ", 0xADBE0003, 8, 1), "wrong size"),
    "two that differ": (record(1) + record(2), "two different coordinate systems"),
    "a length beyond the end": (struct.pack("<II", 7, 2**32 - 1) + b"hello", "cut short"),
    "half a header": (record(4) + b"abc", "cut short"),
}


@pytest.mark.parametrize("version", [1, 2, 3, 4])
@pytest.mark.parametrize("what", BAD_RECORDS)
def test_records_that_cannot_be_followed_are_a_sentence(write, version, what):
    """A cloud whose axes are not known is not placed upside down."""
    records, words = BAD_RECORDS[what]
    path = write(
        build_spz.encode(build_spz.made_up(10), version=version, flags=2, extension=records)
    )
    for read in (decode.decode, decode.read_axes):
        with pytest.raises(InvalidSplats, match=words) as caught:
            read(path)
        assert str(caught.value).startswith("The splat file place.spz ") and str(
            caught.value
        ).endswith(".")


def test_version_4_may_forget_to_announce_its_records(write):
    """They are followed all the same; what is no record there is padding."""
    made = build_spz.made_up(10)
    assert (
        decode.decode(write(build_spz.encode(made, version=4, extension=record(2)))).axes == "RDB"
    )
    assert (
        decode.decode(write(build_spz.encode(made, version=4, extension=b"\xff" * 13))).axes
        == "RUB"
    )


def test_places_and_turns_in_blender_axes():
    """Places go where the glTF importer puts them, and the ellipsoid of each splat turns along."""
    made = build_spz.made_up(50)
    turned = decode.to_blender_axes(made)
    np.testing.assert_allclose(turned.positions, made.positions @ QUARTER_TURN.T, atol=1e-6)
    np.testing.assert_allclose(
        matrices(turned.rotations), QUARTER_TURN @ matrices(made.rotations), atol=1e-5
    )
    assert np.array_equal(turned.scales, made.scales) and np.array_equal(turned.base, made.base)


def matrices(rotations: np.ndarray) -> np.ndarray:
    w, x, y, z = rotations.astype(float).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


SMALL = build_spz.made_up(100, degree=1)
WHOLE = {version: build_spz.encode(SMALL, version=version) for version in (1, 2, 3, 4)}


def gzipped(head: bytes, *parts: bytes) -> bytes:
    return gzip.compress(head + b"".join(parts), mtime=0)


def not_a_number() -> bytes:
    positions = SMALL.positions.copy()
    positions[7, 1] = np.nan
    return build_spz.encode(replace(SMALL, positions=positions), version=1)


BAD = {
    "empty": (b"", "is empty"),
    "a web page": (b"<!DOCTYPE html><title>404</title>", "web page"),
    "something else": (b"glTF" + bytes(200), "is not an SPZ file"),
    "gzip of something else": (
        gzip.compress(b"hello, this is no splat file at all"),
        "does not contain splats",
    ),
    "gzip of nothing": (gzip.compress(b""), "cut short"),
    "gzip cut in two": (WHOLE[3][: len(WHOLE[3]) // 2], "cut short"),
    "gzip without its checksum": (WHOLE[3][:-8], "cut short"),
    "gzip with a wrong checksum": (WHOLE[3][:-8] + bytes(8), "damaged"),
    "gzip with a damaged middle": (WHOLE[2][:60] + bytes(40) + WHOLE[2][100:], "damaged"),
    "gzip with something after it": (WHOLE[3] + b"more", "contains more"),
    "more bytes than the header says": (
        gzipped(build_spz.header(SMALL, 3), *build_spz.sections(SMALL, 3), b"x"),
        "contains more",
    ),
    "fewer bytes than the header says": (
        gzipped(build_spz.header(SMALL, 3, points=101), *build_spz.sections(SMALL, 3)),
        "cut short",
    ),
    "version 9": (gzipped(build_spz.header(SMALL, 9)), "version 9"),
    "version 4 in gzip": (
        gzipped(build_spz.header(SMALL, 4)),
        "not compressed as SPZ version 4",
    ),
    "version 3 without gzip": (
        build_spz.header(SMALL, 3) + bytes(16),
        "not compressed as SPZ version 3",
    ),
    "harmonics of degree 7": (gzipped(build_spz.header(SMALL, 3, degree=7)), "invalid header"),
    "200 fractional bits": (gzipped(build_spz.header(SMALL, 3, bits=200)), "invalid header"),
    "no splats": (gzipped(build_spz.header(SMALL, 3, points=0)), "contains no splats"),
    "4 billion splats": (gzipped(build_spz.header(SMALL, 3, points=2**32 - 1)), "4,294,967,295"),
    "9 million splats in a few bytes": (
        gzipped(build_spz.header(SMALL, 3, points=9_000_000)),
        "more than",
    ),
    "a place that is invalid positions": (not_a_number(), "invalid positions"),
    "table: only a header": (WHOLE[4][:20], "cut short"),
    "table: 4 billion splats": (WHOLE[4][:8] + b"\xff" * 4 + WHOLE[4][12:], "4,294,967,295"),
    "table: another count": (
        WHOLE[4][:8] + struct.pack("<I", 99) + WHOLE[4][12:],
        "do not have the size",
    ),
    "table: too few streams": (WHOLE[4][:15] + b"\x05" + WHOLE[4][16:], "do not have the size"),
    "table: offset past the end": (
        WHOLE[4][:16] + struct.pack("<I", 2**31) + WHOLE[4][20:],
        "cut short",
    ),
    "table: offset into the header": (
        WHOLE[4][:16] + struct.pack("<I", 4) + WHOLE[4][20:],
        "cut short",
    ),
    "table: cut": (WHOLE[4][:-50], "cut short"),
    "table: longer": (WHOLE[4] + b"more", "longer than its header says"),
    "table: a huge stream": (WHOLE[4][:32] + struct.pack("<Q", 2**63) + WHOLE[4][40:], "cut short"),
    "table: streams of nonsense": (WHOLE[4][:128] + bytes(len(WHOLE[4]) - 128), "damaged"),
    "table: a stream longer than it says": (
        build_spz.table(
            build_spz.header(SMALL, 4),
            [part + b"xx" for part in build_spz.sections(SMALL, 4)],
            sizes=[900, 100, 300, 300, 400, 900],
        ),
        "contains more",
    ),
    "table: a stream shorter than it says": (
        build_spz.table(
            build_spz.header(SMALL, 4),
            [part[:-2] for part in build_spz.sections(SMALL, 4)],
            sizes=[900, 100, 300, 300, 400, 900],
        ),
        "cut short",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_refused_with_a_sentence(write, what):
    """Whatever is wrong with the file is said in a sentence that names it."""
    data, words = BAD[what]
    with pytest.raises(InvalidSplats, match=words) as caught:
        decode.decode(write(data))
    assert str(caught.value).endswith(".") and "place.spz" in str(caught.value)


def test_a_missing_file_is_a_sentence_too(tmp_path):
    """No traceback for a file that has gone."""
    with pytest.raises(InvalidSplats, match="cannot be opened"):
        decode.inspect(tmp_path / "gone.spz")


@pytest.mark.parametrize("version", [3, 4])
def test_a_cut_file_is_never_read(write, version):
    """Wherever the file is cut, it is refused."""
    for length in range(4, len(WHOLE[version]) - 1, 97):
        with pytest.raises(InvalidSplats):
            decode.decode(write(WHOLE[version][:length]))


def test_a_gzip_bomb_unpacks_to_no_more_than_its_header_says(write):
    """A file that unpacks to 300 MB behind an honest small header costs a few megabytes."""
    bomb = write(
        gzipped(build_spz.header(SMALL, 3), *build_spz.sections(SMALL, 3), bytes(300_000_000))
    )
    assert peak_of(bomb) < 8_000_000


def test_a_zstandard_bomb_unpacks_to_no_more_than_its_header_says(write):
    """The same in version 4, where 300 MB of zeros are a few kilobytes."""
    parts = build_spz.sections(SMALL, 4)
    parts[5] += bytes(300_000_000)
    bomb = write(
        build_spz.table(build_spz.header(SMALL, 4), parts, sizes=[900, 100, 300, 300, 400, 900])
    )
    del parts
    assert peak_of(bomb) < 8_000_000


def peak_of(bomb: Path) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(InvalidSplats, match="contains more"):
            decode.decode(bomb)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_inspect_reads_only_the_header(write):
    """The header is known without unpacking the splats, and the limit holds there too."""
    path = write(WHOLE[4])
    header = decode.inspect(path)
    assert (header.version, header.points, header.degree) == (4, 100, 1)
    with pytest.raises(InvalidSplats, match="the limit is 50"):
        decode.inspect(path, limits=decode.SplatLimits(points=50))
