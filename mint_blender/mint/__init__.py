# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP client of Mint's API: requests, responses, errors and the API key.

Must not know Blender, threads, jobs, or files on disk.
"""
