# SPDX-License-Identifier: GPL-3.0-or-later
"""Spend Credits for an agent: quotes, approvals by a person, and limits.

Knows jobs and the client that asks a person; the tools that use it are in the package above.
"""
