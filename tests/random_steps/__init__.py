# SPDX-License-Identifier: GPL-3.0-or-later
"""Random steps of a user from a seed, in a Blender with a window that is killed now and then."""
