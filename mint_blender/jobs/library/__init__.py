# SPDX-License-Identifier: GPL-3.0-or-later
"""The models and Worlds of the API project: lists loaded page by page, updated, and filtered.

Sends no requests: callers ask for the pages that are named here and hand in the answers.
"""
