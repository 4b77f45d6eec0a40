# SPDX-License-Identifier: GPL-3.0-or-later
"""German texts about looking into a World."""

TEXTS = {
    "Look Inside": "Hineinsehen",
    "Back Outside": "Wieder hinaus",
    "This shading shows no colors": "Dieses Shading zeigt keine Farben",
    "Show this World in color from where it was captured, in this 3D View. Nothing in the scene changes": (
        "Diese Welt in dieser 3D-Ansicht farbig zeigen, von dort, wo sie aufgenommen wurde. In der Szene ändert sich nichts"
    ),
    "Show again what this 3D View showed before it looked inside a World": (
        "Wieder zeigen, was diese 3D-Ansicht zeigte, bevor sie in eine Welt hineinsah"
    ),
    "Name of the World's root; without one, that of the active object": (
        "Name des Wurzelobjekts der Welt; ohne Namen die des aktiven Objekts"
    ),
    "There is no 3D View to look inside with.": "Es gibt keine 3D-Ansicht, die hineinsehen könnte.",
    "Shading": "Shading",
    "Material Preview": "Materialbeispiel",
    "In color, as quick as it gets with every splat soft": "In Farbe, so schnell es mit weichen Splats geht",
    "Rendered": "Gerendert",
    "As the render engine of the scene shows it": "Wie die Render-Engine der Szene sie zeigt",
    "Solid": "Massiv",
    "In coarse colors, without a material: the quickest": "In groben Farben, ohne Material: am schnellsten",
    "Unchanged": "Unverändert",
    "Leave the shading of the view alone": "Das Shading der Ansicht lassen, wie es ist",
    "Overlays": "Überlagerungen",
    "Keep grid, outlines and wires in sight": "Gitter, Umrisse und Drahtlinien sichtbar lassen",
    "The splats of this World are Blender's own already.": "Die Splats dieser Welt sind bereits Blenders eigene.",
    "The panorama {1} is {2} pixels wide; at most {3} are shown. It was not used.": (
        "Das Panorama {1} ist {2} Pixel breit; gezeigt werden höchstens {3}. Es wurde nicht verwendet."
    ),
    "This 3D View does not look into a World.": "Diese 3D-Ansicht sieht nicht in eine Welt hinein.",
    "More or Fewer Splats": "Mehr oder weniger Splats",
    "The splat file {1} says that it is of SPZ version {2}, but is not packed like that. Download it again.": (
        "Die Splat-Datei {1} ist nach eigener Angabe SPZ-Version {2}, aber nicht so gepackt. Noch einmal herunterladen."
    ),
}
