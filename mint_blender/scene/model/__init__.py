# SPDX-License-Identifier: GPL-3.0-or-later
"""Build a 3D Model in the scene."""
