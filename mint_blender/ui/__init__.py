# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user sees and clicks: the only room that imports `bpy`, and always on the main thread."""  # noqa: E501
