# SPDX-License-Identifier: GPL-3.0-or-later
"""The library's pictures at the bottom of the 3D View: click, double-click, or drag one."""
