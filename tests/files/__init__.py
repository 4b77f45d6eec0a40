# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of what lies on disk: downloads, and what files say about themselves. No Blender needed."""
