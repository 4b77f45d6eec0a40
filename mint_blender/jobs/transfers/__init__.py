# SPDX-License-Identifier: GPL-3.0-or-later
"""Transfer files between this computer, Mint and its file host, on threads of the engine.

Knows no window and no scene.
"""
