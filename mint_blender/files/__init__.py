# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads and file formats: GLB, SPZ and pictures; also locks and files on disk.

Must not know Mint's API, the API key, Blender, jobs, or threads.
"""
