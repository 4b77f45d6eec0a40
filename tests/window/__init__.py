# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on in Debian's Blender with a window, driven by mouse and keyboard."""
