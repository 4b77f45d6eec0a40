# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters: an armature with a mesh, and clips, which are its motions."""
