# SPDX-License-Identifier: GPL-3.0-or-later
"""SPZ files: the values of every version, in any axes, unpacked beside the decompression."""

from __future__ import annotations

import gzip
import json
import struct
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mint_blender.files.errors import InvalidSplats
from mint_blender.files.spz import decode, unpack
from mint_blender.files.spz.coordinates import PER_DEGREE, basis

from . import build_spz
from .read_spz import Splats, read_splats, to_blender_axes

DATA = Path(__file__).parent / "data" / "spz"
ANSWERS = [
    (path.stem, decoder)
    for path in sorted(DATA.glob("*.json"))
    for decoder in json.loads(path.read_text())
]


@pytest.mark.parametrize(("stem", "decoder"), ANSWERS)
def test_values_agree_with_other_decoders(stem, decoder):
    """They differ by far less than the format's quantization step."""
    ours = read_splats(DATA / f"{stem}.spz")
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


@pytest.fixture
def read_back(write_spz: Callable[[bytes], Path]) -> Callable[..., Splats]:
    """Return a function that writes splats to a file and reads them."""
    return lambda made, **how: read_splats(write_spz(build_spz.encode(made, **how)))


@pytest.mark.parametrize("version", [1, 2, 3, 4])
@pytest.mark.parametrize("degree", [0, 1, 2, 3, 4])
def test_written_splats_are_read_back(read_back, version, degree):
    """Each version and degree is read back as exactly as the format's steps allow."""
    made = build_spz.made_up(1000, degree=degree)
    read = read_back(made, version=version)
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


def test_an_empty_stream_of_harmonics_is_optional(write_spz):
    """The reference writer leaves it out; a file that has it is read as well."""
    made = build_spz.made_up(10)
    parts = build_spz.sections(made, 4)
    assert parts[-1] == b""
    for streams in (parts[:5], parts):
        assert (
            len(read_splats(write_spz(build_spz.table(build_spz.header(made, 4), streams)))) == 10
        )


def test_flags_are_read(read_back):
    """That of antialiased training is ignored; records of extensions are skipped in both containers."""
    made, hello = build_spz.made_up(10), struct.pack("<II", 7, 5) + b"hello"
    for unknown in (1, 0x80):
        assert len(read_back(made, flags=unknown)) == 10
    for version in (3, 4):
        assert len(read_back(made, version=version, flags=2, extension=hello)) == 10


# -- SPZ files in any coordinate system: how they are turned to Blender's axes


@pytest.mark.parametrize("degree", [1, 2, 3, 4])
def test_radiance_is_rotated_with_the_axes(degree):
    """In Blender's axes a splat shows towards (x, -z, y) what it showed towards (x, y, z)."""
    made = build_spz.made_up(8, degree=degree)
    turned = to_blender_axes(made)
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
RIGHT, UP, BACK = (1, 0, 0), (0, 1, 0), (0, 0, 1)
LETTERS = {"R": RIGHT, "U": UP, "B": BACK, "L": (-1, 0, 0), "D": (0, -1, 0), "F": (0, 0, -1)}
SYSTEMS = (
    *("RUB", "LDB", "RDB", "LUB", "RUB", "LDF", "RDF", "LUF", "RUF"),
    *("LFD", "RFD", "LFU", "RFU", "LBD", "RBD", "LBU", "RBU"),
)


def record(number: int) -> bytes:
    """Return the extension record that names a coordinate system."""
    return struct.pack("<III", 0xADBE0003, 4, number)


def in_other_axes(made: Splats, system: str) -> Splats:
    """Return the same splats as a program with these axes would write them.

    They are derived from the ellipsoids' covariances, not from a formula of ours.
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


def quaternion(turn: np.ndarray) -> np.ndarray:
    """Return w, x, y, z of a rotation matrix, by the largest eigenvalue of a form (Bar-Itzhack)."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = turn
    lower = [
        [xx - yy - zz, 0, 0, 0],
        [yx + xy, yy - xx - zz, 0, 0],
        [zx + xz, zy + yz, zz - xx - yy, 0],
        [zy - yz, xz - zx, yx - xy, xx + yy + zz],
    ]
    _, vectors = np.linalg.eigh(lower)
    return vectors[[3, 0, 1, 2], -1]


def covariances(splats: Splats) -> np.ndarray:
    """Return the covariance matrices of the ellipsoids, shape (n, 3, 3)."""
    axes = matrices(splats.rotations) * splats.scales[:, None, :]
    return axes @ axes.transpose(0, 2, 1)


@pytest.mark.parametrize(
    ("version", "number"), [(3, 1), *((4, number) for number in range(len(SYSTEMS)))]
)
def test_splats_in_other_axes_are_converted(read_back, version, number):
    """Positions, ellipsoids and colors equal those of the same splats in the usual axes."""
    made = build_spz.made_up(60, degree=3)
    # turned values must still fit into the format
    made = replace(made, harmonics=made.harmonics * np.float32(0.3))
    usual = to_blender_axes(made)
    orbit = struct.pack("<II", 0xADBE0002, 12) + bytes(12)
    records, there = orbit + record(number), in_other_axes(made, SYSTEMS[number])
    read = read_back(there, version=version, flags=2, extension=records)
    assert read.axes == SYSTEMS[number]
    turned = to_blender_axes(read)
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
def test_an_unreadable_axes_record_is_refused(read_back, version, what):
    """Splats in unknown axes are not placed upside down."""
    records, words = BAD_RECORDS[what]
    with pytest.raises(InvalidSplats, match=words) as caught:
        read_back(build_spz.made_up(10), version=version, flags=2, extension=records)
    assert str(caught.value).startswith("The splat file place.spz ")
    assert str(caught.value).endswith(".")


def test_version_4_records_are_read_without_their_flag(read_back):
    """Bytes there that are no record are padding."""
    for extension, axes in ((record(2), "RDB"), (b"\xff" * 13, "RUB")):
        assert read_back(build_spz.made_up(10), version=4, extension=extension).axes == axes


def test_positions_and_rotations_in_blender_axes():
    """Positions are where the glTF importer puts them, and ellipsoids are rotated with them."""
    made = build_spz.made_up(50)
    turned = to_blender_axes(made)
    np.testing.assert_allclose(turned.positions, made.positions @ QUARTER_TURN.T, atol=1e-6)
    np.testing.assert_allclose(
        matrices(turned.rotations), QUARTER_TURN @ matrices(made.rotations), atol=1e-5
    )
    assert np.array_equal(turned.scales, made.scales) and np.array_equal(turned.base, made.base)


def matrices(rotations: np.ndarray) -> np.ndarray:
    """Return the rotation matrices of quaternions w, x, y, z, shape (n, 3, 3)."""
    w, x, y, z = rotations.astype(float).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


# -- SPZ files are unpacked beside the decompression, in blocks, with bounded memory


FEW = build_spz.made_up(1, degree=3)
MANY = 4 * unpack._BLOCK


def random_sections(points: int, version: int, degree: int = 3) -> list[bytes]:
    """Return random attributes; every byte is valid."""
    random = np.random.default_rng(points)
    rotation = 3 if version < 3 else 4
    sizes = (9, 1, 3, 3, rotation, 3 * PER_DEGREE[degree])
    return [random.bytes(points * size) for size in sizes]


def pack(sections: list[bytes], version: int, degree: int = 3) -> bytes:
    """Return the bytes of a file with these attributes."""
    head = build_spz.header(FEW, version, points=len(sections[1]), degree=degree)
    if version == 4:
        return build_spz.table(head, [part for part in sections if part])
    return gzip.compress(head + b"".join(sections), compresslevel=1)


@pytest.fixture
def large(write_spz: Callable[[bytes], Path], request: pytest.FixtureRequest) -> Path:
    """Write splats for several blocks in the version that the test names."""
    return write_spz(pack(random_sections(MANY, request.param), request.param))


def whole(path: Path) -> dict[str, np.ndarray]:
    """Return what `attributes` yields, harmonics in one array."""
    listed = [(name, values.copy()) for name, values in decode.attributes(path)]
    found = {name: values for name, values in listed if name != "harmonics"}
    planes = [values for name, values in listed if name == "harmonics"]
    return found | ({"harmonics": np.stack(planes, axis=1)} if planes else {})


@pytest.mark.parametrize("version", [1, 2, 3, 4])
@pytest.mark.parametrize("degree", [0, 1, 4])
def test_attributes_equal_those_of_a_decoded_file(write_spz, version, degree):
    """Turned while they are unpacked or afterwards: every bit is the same."""
    path = write_spz(build_spz.encode(build_spz.made_up(500, degree=degree), version=version))
    expected = to_blender_axes(read_splats(path))
    found = whole(path)
    for name in ("positions", "scales", "rotations", "base"):
        assert np.array_equal(found[name], getattr(expected, name)), name
    assert np.array_equal(found.get("harmonics", expected.harmonics), expected.harmonics)
    assert ("harmonics" in found) == (degree > 0)


@pytest.mark.parametrize("version", [2, 3, 4])
def test_a_file_of_several_blocks_is_unpacked_whole(write_spz, version):
    """The values are those of its parts, each of which fits into one block."""
    points = 2 * unpack._BLOCK + 1001
    sections = random_sections(points, version)
    together = whole(write_spz(pack(sections, version)))
    for start in range(0, points, 10_000):
        stop = min(points, start + 10_000)
        cut = [
            part[len(part) // points * start :][: len(part) // points * (stop - start)]
            for part in sections
        ]
        alone = whole(write_spz(pack(cut, version)))
        for name, values in alone.items():
            assert np.array_equal(together[name][start:stop], values), name


@pytest.mark.parametrize("large", [3, 4], indirect=True)
def test_no_thread_outlives_the_call(large):
    """Also if not all attributes are wanted, and for a damaged file."""
    large.with_name("cut.spz").write_bytes(large.read_bytes()[:-20_000])
    before = set(threading.enumerate())
    with closing(decode.attributes(large)) as attributes:
        next(attributes)
    with pytest.raises(InvalidSplats):
        whole(large.with_name("cut.spz"))
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize("large", [3, 4], indirect=True)
def test_memory_is_bounded_while_attributes_are_taken_one_by_one(large):
    """Taking them one by one needs less than all of them together, even if nothing is compressed."""
    kept = MANY * 4 * (3 + 3 + 4 + 4 + 15 * 3)
    assert peak_of(lambda: consume(decode.attributes(large))) < kept


def consume(attributes: Iterator[object]) -> None:
    """Take each and keep none."""
    for _ in attributes:
        pass


def peak_of(call: Callable[[], object]) -> int:
    """Return the most memory, in bytes, that was in use during a call."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
