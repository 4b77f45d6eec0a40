# SPDX-License-Identifier: GPL-3.0-or-later
"""SPZ files in any coordinate system: how they are turned to Blender's axes."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
import pytest

from mint_blender.files.errors import InvalidSplats
from mint_blender.files.spz.coordinates import PER_DEGREE, basis

from . import build_spz
from .read_spz import Splats, read_splats, to_blender_axes


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


def quaternion(turn: np.ndarray) -> list[float]:
    """Return w, x, y, z of a rotation matrix, by its largest diagonal (Shepperd)."""
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


def covariances(splats: Splats) -> np.ndarray:
    """Return the covariance matrices of the ellipsoids, shape (n, 3, 3)."""
    axes = matrices(splats.rotations) * splats.scales[:, None, :]
    return axes @ axes.transpose(0, 2, 1)


@pytest.mark.parametrize("number", range(17))
@pytest.mark.parametrize("version", [3, 4])
def test_splats_in_other_axes_are_converted(write_spz, version, number):
    """Positions, ellipsoids and colors equal those of the same splats in the usual axes."""
    made = build_spz.made_up(60, degree=3)
    # turned values must still fit into the format
    made = replace(made, harmonics=made.harmonics * np.float32(0.3))
    usual = to_blender_axes(made)
    orbit = struct.pack("<II", 0xADBE0002, 12) + bytes(12)
    path = write_spz(
        build_spz.encode(
            in_other_axes(made, SYSTEMS[number]),
            version=version,
            flags=2,
            extension=orbit + record(number),
        )
    )
    assert read_splats(path).axes == SYSTEMS[number]
    turned = to_blender_axes(read_splats(path))
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
def test_the_conversion_is_exact(system):
    """Only single precision is lost; scales, colors and opacities stay the same."""
    made = build_spz.made_up(60, degree=4)
    usual, turned = (
        to_blender_axes(made),
        to_blender_axes(replace(in_other_axes(made, system), axes=system)),
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
def test_an_unreadable_axes_record_is_refused(write_spz, version, what):
    """Splats in unknown axes are not placed upside down."""
    records, words = BAD_RECORDS[what]
    path = write_spz(
        build_spz.encode(build_spz.made_up(10), version=version, flags=2, extension=records)
    )
    with pytest.raises(InvalidSplats, match=words) as caught:
        read_splats(path)
    assert str(caught.value).startswith("The splat file place.spz ")
    assert str(caught.value).endswith(".")


def test_version_4_records_are_read_without_their_flag(write_spz):
    """Bytes there that are no record are padding."""
    made = build_spz.made_up(10)
    assert (
        read_splats(write_spz(build_spz.encode(made, version=4, extension=record(2)))).axes == "RDB"
    )
    assert (
        read_splats(write_spz(build_spz.encode(made, version=4, extension=b"\xff" * 13))).axes
        == "RUB"
    )


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
