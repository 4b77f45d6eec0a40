# SPDX-License-Identifier: GPL-3.0-or-later
"""See results in the 3D Viewport, and whether the user works there meanwhile."""
