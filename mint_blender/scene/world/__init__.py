# SPDX-License-Identifier: GPL-3.0-or-later
"""Build and edit a World in the scene: collider, panorama, splats, capture point."""
