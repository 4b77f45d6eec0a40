# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the preferences; needs Blender with the add-on registered."""

from __future__ import annotations

from mint_blender.ui.account.preferences import MintPreferences

from . import markdown
from .blender_properties import default, type_name, visible

INTRODUCTION = """\
*Edit > Preferences > Add-ons > Mint* has them. [Preferences](../blender/preferences.md) says how to
use them.

A script reads and sets them with the name in the last column:

```python
import bpy

for name, addon in bpy.context.preferences.addons.items():
    if name.split(".")[-1] == "mint_blender":
        addon.preferences.limit_each = 1000
```"""


def page() -> str:
    """Return the page as Markdown."""
    rows = [
        (
            f"**{markdown.escaped(each.name)}**",
            markdown.escaped(each.description),
            type_name(each),
            default(each),
            markdown.code(each.identifier),
        )
        for each in visible(MintPreferences.bl_rna.properties)
        if not each.is_skip_save  # whether a section of the preferences is open
    ]
    head = ("preference", "meaning", "type", "default", "name")
    return markdown.page("# Preferences of the add-on", INTRODUCTION, markdown.table(head, rows))
