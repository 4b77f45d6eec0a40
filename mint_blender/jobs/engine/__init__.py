# SPDX-License-Identifier: GPL-3.0-or-later
"""Run workflows: one scheduling thread, small thread pools for slow calls, and the messages between
threads. Knows no Blender.
"""
