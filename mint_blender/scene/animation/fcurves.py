# SPDX-License-Identifier: GPL-3.0-or-later
"""Read and write the F-curves of an Action, on each Blender in its own way."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..model import cleanup

_BONE = re.compile(r'pose\.bones\["((?:[^"\\]|\\.)*)"\]\.(\w+)$')
_INTERPOLATIONS = {"CONSTANT": 0, "LINEAR": 1}  # as `foreach_set` wants them


def bone_channel(curve: Any) -> tuple[str, str] | None:
    """Return the bone and the property that a curve animates; None if it is not a bone's."""
    match = _BONE.fullmatch(curve.data_path)
    return (re.sub(r"\\(.)", r"\1", match[1]), match[2]) if match else None


def by_bone(action: Any) -> dict[str, dict[tuple[str, int], Any]]:
    """Return the curves of each bone, by property and axis."""
    curves: dict[str, dict[tuple[str, int], Any]] = {}
    for curve in cleanup.curves(action):
        if (channel := bone_channel(curve)) is not None:
            curves.setdefault(channel[0], {})[channel[1], curve.array_index] = curve
    return curves


def frames(curve: Any) -> np.ndarray:
    """Return the frames of its keys, shape (n,)."""
    return _keys(curve, "co")[:, 0].astype(np.float64)


def set_keys(curve: Any, at: np.ndarray, values: np.ndarray, interpolation: str = "LINEAR") -> None:
    """Replace all keys of a curve."""
    points = curve.keyframe_points
    points.clear()
    points.add(len(at))
    points.foreach_set("co", np.column_stack([at, values]).astype(np.float32).ravel())
    points.foreach_set("interpolation", [_INTERPOLATIONS[interpolation]] * len(at))
    curve.update()


def scale_values(curve: Any, factor: float) -> None:
    """Multiply all values of a curve."""
    for name in ("co", "handle_left", "handle_right"):
        table = _keys(curve, name)
        table[:, 1] *= factor
        curve.keyframe_points.foreach_set(name, table.ravel())
    curve.update()


def add_line(curve: Any, start: float, slope: float) -> None:
    """Add a straight line that is 0 at `start`, with keys on all frames if there is a bend."""
    at = frames(curve)
    if any(point.interpolation != "LINEAR" for point in curve.keyframe_points):
        at = np.unique(np.append(np.arange(at[0], at[-1]), at[-1]))
        set_keys(curve, at, np.array([curve.evaluate(frame) for frame in at]))
    for name in ("handle_left", "handle_right", "co"):
        table = _keys(curve, name)
        table[:, 1] += slope * (table[:, 0] - start)
        curve.keyframe_points.foreach_set(name, table.ravel())
    curve.update()


def begin_at_frame_1(curve: Any, start: float) -> None:
    """Move a curve so that `start` becomes frame 1, with keys on whole frames.

    A key between two frames is replaced by keys on all frames, which show the same there. Only
    the last one stays where it is, so that the duration is the same. In a very long clip all do.
    """
    at = frames(curve) - start + 1
    if not np.isfinite(at).all():
        return
    is_whole = np.abs(at - at.round()).max() < _WHOLE
    if is_whole or at[-1] > _LONGEST:
        for name in ("handle_left", "handle_right", "co"):
            table = _keys(curve, name)
            table[:, 0] += 1 - start
            if name == "co":
                table[:, 0] = at.round() if is_whole else at
            curve.keyframe_points.foreach_set(name, table.ravel())
        curve.update()
        return
    end = at[-1].round() if abs(at[-1] - at[-1].round()) < _WHOLE else at[-1]
    first = at[0].round() if abs(at[0] - at[0].round()) < _WHOLE else np.ceil(at[0])
    whole = np.append(np.arange(first, end), end)
    values = np.array([curve.evaluate(frame - 1 + start) for frame in whole])
    if np.ptp(values) == 0.0:
        whole = whole[[0, -1]]
        values = values[[0, -1]]
    is_stepped = all(point.interpolation == "CONSTANT" for point in curve.keyframe_points)
    set_keys(curve, whole, values, "CONSTANT" if is_stepped else "LINEAR")


_WHOLE = 2e-3
"""How far from a whole frame a key may be to count as on it: times in a file are rounded."""
_LONGEST = 20_000
"""Frames up to which a clip gets a key on each."""


def ensure(action: Any, animated: Any, path: str, index: int) -> Any:
    """Return the curve of a property, added if there is none; `animated` uses the Action."""
    if hasattr(action, "fcurve_ensure_for_datablock"):
        return action.fcurve_ensure_for_datablock(animated, path, index=index)
    return action.fcurves.find(path, index=index) or action.fcurves.new(path, index=index)


def _keys(curve: Any, name: str) -> np.ndarray:
    points = curve.keyframe_points
    table = np.empty(2 * len(points), np.float32)
    points.foreach_get(name, table)
    return table.reshape(-1, 2)
