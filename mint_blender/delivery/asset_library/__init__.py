# SPDX-License-Identifier: GPL-3.0-or-later
"""Save what the API project has generated as an asset library: a folder of .blend files.

Knows jobs and the scene, but no user interface.
"""
