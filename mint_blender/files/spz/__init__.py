# SPDX-License-Identifier: GPL-3.0-or-later
"""Read Gaussian splats from SPZ files with NumPy. Does not use Blender."""
