# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn a finished job into objects in a scene, a file, or an entry of an asset library.

Knows no user interface.
"""
