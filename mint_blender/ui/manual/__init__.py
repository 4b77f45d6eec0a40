# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual, as the interface links to it: it is where `website` in the manifest says.

It knows the pages, and nothing about jobs or scenes. Without a website there are no links.
"""
