# SPDX-License-Identifier: GPL-3.0-or-later
"""Import GLB files with Blender's glTF importer. Does not know what happens to the objects."""
