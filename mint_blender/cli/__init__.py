# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell's way in: the same commands as `python3 -m mint_blender` and `blender --command mint`."""
