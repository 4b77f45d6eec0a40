# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that goes into a .blend: objects, materials, Worlds and assets, and files out of it.

Knows neither jobs nor Mint's service.
"""
