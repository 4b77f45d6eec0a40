# SPDX-License-Identifier: GPL-3.0-or-later
"""The service: Mint's HTTP API.

Holds the key; knows nothing of Blender, threads, or what lies on disk.
"""
