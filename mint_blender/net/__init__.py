# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP connections with a deadline that can be stopped, address rules, certificates, retries.

Shared by `mint` and `files`; must not know Mint's API, the API key, or files on disk.
"""
