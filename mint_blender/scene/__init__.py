# SPDX-License-Identifier: GPL-3.0-or-later
"""What lands: files become objects, materials, Worlds and assets, and go out again as files.

Knows neither jobs nor Mint's service.
"""
