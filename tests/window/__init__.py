# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on as a person meets it: Debian's Blender with a window, the built archive installed,
driven by mouse and keyboard.
"""
