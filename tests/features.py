# SPDX-License-Identifier: GPL-3.0-or-later
"""The features in `docs/compatibility.md`; tests name what they show with `@pytest.mark.feature`.

    @pytest.mark.feature("import of models")

`tests/code/test_requirements.py` checks that each feature has a test, and that every marker names one.
Choose tests that run on every Blender: those marked `one_blender` fill a single column.
"""

from __future__ import annotations

FEATURES = (
    "import of models",
    "import of Worlds",
    "animations",
    "WebP textures",
    "Draco, decoded by Blender",
    "the original file instead of one that Blender cannot read",
    "panorama on the collider",
    "splats as vertices of a mesh",
    "splats as a point cloud",
    "splats of Blender's own",
    "import that keeps mode and selection",
    "one undo step for an import",
    "import in a background Blender",
    "replacing a model by a new version",
    "export for engines",
    "lighter models",
    "models put on the floor",
    "viewpoints, walks and panoramas",
    "splats cropped and saved",
    "shadows and light on splats",
    "sections in the sidebar",
    "asset bar in the 3D View",
    "pictures dropped on Blender",
    "progress in the status bar",
    "interface in German and Japanese",
    "asset library in the Asset Browser",
    "listing of a remote asset library",
    "export as .blend and .glb",
    "rendered pictures",
    "python3 -m mint_blender",
    "blender --command mint",
    "scripts with generate()",
    "install and update from an extension repository",
)
"""The rows of the table, in its order."""
