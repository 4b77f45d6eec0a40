# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies on disk: downloads and what a file says about itself.

Never sees the key; knows no Blender and no threads.
"""
