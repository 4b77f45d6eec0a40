# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the sample files that the stand-in for Mint returns: `python3 -m scripts.sample_assets`.

The files are committed in `tests/mint_service/sample_files`, so nothing else needs this package. It
is run after a change of a shape or of the courtyard, in a Python with the packages bpy and DracoPy;
afterwards `dev.py images` renews the pictures of the manual that show them.
"""
