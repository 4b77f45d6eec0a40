# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that a benchmark imports inside Blender, beside the installed add-on."""
