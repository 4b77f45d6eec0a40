# SPDX-License-Identifier: GPL-3.0-or-later
"""What several machines share in the folder of a batch: who has a line, and what is written.

Knows no command and no Blender.
"""
