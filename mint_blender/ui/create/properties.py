# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of the form for a new generation.

They live in the window manager, so nothing of them gets into a .blend. A file load and a restart
empty them: see `saved_settings`.
"""

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import bpy

from ...message import Message
from ...mint.limits import MAX_NAME_LENGTH
from .. import session
from ..references import operators as references
from ..translations import OURS
from ..typed_context import scene_of
from . import motion_choice, saved_settings

if TYPE_CHECKING:
    from ...jobs.job_values import Delivery
    from ...jobs.new_jobs import RequestTemplate
    from ...jobs.queries import Price, PriceQuery
    from ...mint.generation_request import GenerationRequest
    from ...mint.motion_request import MotionRequest
    from ...scene.model.block_out import Box

KINDS = [
    ("MODEL", "3D Model", "A single object, as a GLB file", "MESH_MONKEY", 0),
    ("WORLD", "World", "A place: collider mesh, panorama, splats", "WORLD", 1),
]
PRESETS = [
    ("FAST", "Fast", "Fast and cheap, for trying out ideas"),
    ("STANDARD", "Standard", "Balance of quality, time and Credits"),
    ("PRODUCTION", "Production", "Best quality, but slowest and most expensive"),
]
POSES = [
    ("NONE", "As Prompted", "No particular pose"),
    ("T_POSE", "T-Pose", "A humanoid with its arms stretched out; it is not rigged"),
    ("A_POSE", "A-Pose", "A humanoid with its arms lowered; it is not rigged"),
]
LEVELS = [
    ("LIGHT", "Light", "Keeps the most detail"),
    ("MODERATE", "Moderate", "Balanced"),
    ("AGGRESSIVE", "Aggressive", "Smallest file"),
]
PLACES = [
    ("CURSOR", "3D Cursor", "Position of the 3D cursor when you click Generate"),
    ("ORIGIN", "Origin", "World origin"),
    (
        "SELECTED",
        "Selected Object",
        "Fit the result into the box of the active object, and hide that object",
    ),
]
FITS = [
    ("INSIDE", "Inside", "As large as it fits into the box"),
    ("HEIGHT", "Height", "As high as the box"),
    ("STRETCH", "Stretch", "Stretched in each direction to fill the box"),
]
SPLATS = [
    ("NONE", "None", "Collider mesh and panorama only"),
    ("100k", "100k", "About 100,000 Gaussian splats, fast to display"),
    ("500k", "500k", "About 500,000 Gaussian splats"),
    ("full_res", "All", "All Gaussian splats, about 2 million"),
]


class _Importer:
    """What Blender's importer can read, found once: menus ask for it at each drawing."""

    def __init__(self) -> None:
        from ...files.file_choice import OPTIMIZED_NEEDS
        from ...scene.gltf.gltf_extensions import readable_extensions

        self.opens_optimized = readable_extensions() >= OPTIMIZED_NEEDS


def cannot_open_optimized() -> str:
    """Return why this Blender cannot open optimized files; empty if it can."""
    from ...files.file_choice import CANNOT_OPEN_REDUCED

    return "" if session.state(_Importer).opens_optimized else CANNOT_OPEN_REDUCED


def _changed(form: "MintForm", context: bpy.types.Context) -> None:
    saved_settings.form_changed()


def _kind_changed(form: "MintForm", context: bpy.types.Context) -> None:
    form.original = ""  # what is of another kind is no variation
    _changed(form, context)


def _prompt_changed(form: "MintForm", context: bpy.types.Context) -> None:
    saved_settings.typed()
    if not form.prompt.strip():
        form.original = ""  # somebody begins with something else
    _changed(form, context)


def _animate_changed(form: "MintForm", context: bpy.types.Context) -> None:
    if form.animate and not motion_choice.chosen(form):
        form.walk = True
    _changed(form, context)


class MintForm(motion_choice.MotionChoice, bpy.types.PropertyGroup):
    """The fields of the Create panel."""

    kind: bpy.props.EnumProperty(
        name="Kind", items=KINDS, description="What to generate", update=_kind_changed
    )
    prompt: bpy.props.StringProperty(
        name="Prompt",
        description="Description of what to generate",
        options={"TEXTEDIT_UPDATE", "SKIP_SAVE"},
        update=_prompt_changed,
    )
    preset: bpy.props.EnumProperty(
        name="Preset",
        items=PRESETS,
        default="STANDARD",
        description="Balance between speed, Credits and quality",
        translation_context=OURS,
        update=_changed,
    )
    review: bpy.props.BoolProperty(
        name="Review Preview First",
        description=(
            "Stop at the Preview, so that you can approve or revise it before the expensive part"
        ),
        default=True,
        update=_changed,
    )
    name: bpy.props.StringProperty(
        name="Name",
        description="Name of the result. Leave empty to use the prompt",
        maxlen=MAX_NAME_LENGTH,
    )
    style: bpy.props.StringProperty(
        name="Style",
        description="Words that are added to the prompt when it is sent",
        update=_changed,
    )
    pose: bpy.props.EnumProperty(
        name="Pose", items=POSES, description="A neutral pose for a character", update=_changed
    )
    animate: bpy.props.BoolProperty(
        name="Animate Afterwards",
        description=(
            "Let Mint also rig the humanoid and make a clip for each motion. This costs additional "
            "Credits. Beta"
        ),
        update=_animate_changed,
    )
    place: bpy.props.EnumProperty(
        name="Place At", items=PLACES, description="Where to place the result", update=_changed
    )
    original: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})
    is_beside: bpy.props.BoolProperty(
        name="Beside the Original",
        description="Place the result beside the one that it is a variation of, which stays",
        default=True,
    )
    fit: bpy.props.EnumProperty(
        name="Fit",
        items=FITS,
        description="How the model is fitted into the box",
        translation_context=OURS,
        update=_changed,
    )
    use_height: bpy.props.BoolProperty(
        name="Scale to Height",
        description="Scale the model to a height; generated sizes are arbitrary",
    )
    height: bpy.props.FloatProperty(
        name="Height",
        default=1.0,
        min=0.001,
        soft_max=100.0,
        unit="LENGTH",
        description="Height of the model in the scene",
    )
    splats: bpy.props.EnumProperty(
        name="Splats",
        items=SPLATS,
        default="500k",
        description="Gaussian splats to download with a World, if it has any",
        update=_changed,
    )
    panorama: bpy.props.BoolProperty(
        name="Panorama as Scene World",
        description=(
            "Light the scene with the panorama. The scene's earlier World is kept and can be "
            "restored"
        ),
        default=True,
    )


def of(context: bpy.types.Context) -> MintForm:
    """Return the form."""
    return context.window_manager.mint


def full_prompt_of(form: MintForm) -> str:
    """Return the prompt with the words of the style, as it is sent."""
    prompt = form.prompt.strip()
    style = form.style.strip()
    if not prompt and style and references.sources(form.id_data):
        from ...mint.generation_request import default_prompt
        from ...mint.schema import Kind

        prompt = default_prompt(Kind(form.kind.lower()))
    return with_style(prompt, style)


def with_style(prompt: str, style: str) -> str:
    """Return a prompt with the words of a style; one that ends with them is used as it is."""
    if not prompt or not style or prompt.endswith(style):
        return prompt
    return f"{prompt} {style}" if prompt[-1] in ".,;:!?。、" else f"{prompt}, {style}"


@lru_cache(maxsize=8)
def build_request(
    *,
    kind: str,
    prompt: str,
    preset: str,
    mode: str,
    name: str = "",
    pose: str = "NONE",
    images: tuple[str, ...] = (),
    image_names: tuple[str, ...] = (),
) -> "GenerationRequest":
    """Return the request for what was chosen, given as the items of the enum properties.

    The form is the same at most drawings, so its request is made only once.
    """
    from ...mint.generation_request import GenerationRequest
    from ...mint.schema import Kind, Mode, Pose, Preset

    has_pose = pose != "NONE" and kind == "MODEL"
    return GenerationRequest(
        kind=Kind[kind],
        prompt=prompt.strip(),
        preset=Preset[preset],
        mode=Mode[mode],
        name=name.strip() or None,
        images=images,
        pose=Pose[pose] if has_pose else None,
        image_names=image_names,
    )


def request_of(form: MintForm) -> "GenerationRequest":
    """Return the request that the form describes."""
    return build_request(
        kind=form.kind,
        prompt=full_prompt_of(form),
        preset=form.preset,
        mode=mode_of(form),
        name=form.name,
        pose=form.pose,
        images=references.sources(form.id_data),
        image_names=references.names(form.id_data),
    )


def price_of(form: MintForm) -> "Price":
    """Return the query for the price of the generation alone."""
    from ...jobs.queries import Price

    return Price.of(request_of(form))


def prices_of(form: MintForm) -> "tuple[PriceQuery, ...]":
    """Return the queries for the price of everything, including motions."""
    from ...jobs import queries

    return queries.prices_of(request_of(form), None, len(motions_of(form)))


def extras_of(form: MintForm) -> "list[tuple[str, Message, tuple[PriceQuery, ...]]]":
    """Return what was chosen beyond the generation itself.

    Each has the name of its property, its words, and the queries for its price; no query: Mint
    takes nothing more for it.
    """
    from ...jobs.queries import AnimationPrice

    extras: list[tuple[str, Message, tuple[PriceQuery, ...]]] = []
    if form.kind != "MODEL":
        return extras
    if form.pose != "NONE":
        label = next(label for name, label, _ in POSES if name == form.pose)
        extras.append(("pose", Message(label), ()))
    if motions := motions_of(form):
        extras.append(("animate", Message("Animation"), (AnimationPrice(),) * len(motions)))
    return extras


def drop_extra(form: MintForm, name: str = "") -> None:
    """Leave out what `extras_of` has returned: one of it, by its name, or all."""
    if name in {"", "pose"}:
        form.pose = "NONE"
    if name in {"", "pose", "animate"}:
        form.animate = False


def is_character(form: MintForm) -> bool:
    """Return whether Mint could rig what the form describes."""
    return form.kind == "MODEL" and form.pose == "T_POSE"


def motions_of(form: MintForm) -> "list[MotionRequest]":
    """Return how the model will be animated; nothing if it will not.

    Mint is told a height that it accepts; the rigged model gets that of the model anyway.
    """
    from ...mint.motion_request import MAX_HEIGHT, MIN_HEIGHT

    if not (form.animate and is_character(form)):
        return []
    meters = form.height * scene_of(bpy.context).unit_settings.scale_length
    is_told = form.use_height and MIN_HEIGHT <= meters <= MAX_HEIGHT
    return motion_choice.requests(form, meters if is_told else None)


def complaint(form: MintForm, request: "GenerationRequest | None" = None) -> str | None:
    """Return why Mint would refuse the request that was made of the form. Opens no file."""
    request = request or request_of(form)
    context = bpy.context
    needs_box = form.place == "SELECTED" and original_of(form, scene_of(context)) is None
    if needs_box and box_of(form, context) is None:
        return Message("Select an object with a surface, in whose box the result will stand.")
    return (
        request.validation_error()
        or references.complaint(form.id_data)
        or next(filter(None, (motion.validation_error() for motion in motions_of(form))), None)
    )


def delivery_of(form: MintForm, context: bpy.types.Context) -> "Delivery":
    """Return where and how the result is to be placed, as of now."""
    from ...jobs.job_values import Delivery
    from ...scene.model import grid_layout

    is_model = form.kind == "MODEL"
    box = box_of(form, context)
    original = original_of(form, scene_of(context))
    filled = box if is_model else None
    if original is not None:
        at = grid_layout.beside(original)
    elif box is not None:
        at = box.foot
    else:
        at = cursor(context) if form.place == "CURSOR" else (0.0, 0.0, 0.0)
    return Delivery(
        at=at,
        rotation=filled.rotation if filled is not None else None,
        height=form.height if form.use_height and is_model and box is None else None,
        block_out=context.active_object.name if filled is not None else None,
        fit=form.fit,
        size=filled.size if filled is not None else None,
        document=session.document_id(),
        scene=context.scene.name,
        splats=form.splats if form.splats != "NONE" and not is_model else None,
        panorama=form.panorama,
        original=form.original if original is not None else None,
    )


def original_of(form: MintForm, scene: bpy.types.Scene) -> bpy.types.Object | None:
    """Return the root of the result that this is a variation of, beside which it will stand."""
    from ...scene import tags

    if not form.original or not form.is_beside:
        return None
    return next(tags.roots(job_id=form.original, asset_id=form.original, scene=scene), None)


def box_of(form: MintForm, context: bpy.types.Context) -> "Box | None":
    """Return the box of the active object, if the result shall take its place."""
    from ...scene.model import block_out

    active = context.active_object
    if (
        form.place != "SELECTED"
        or active is None
        or original_of(form, scene_of(context)) is not None
    ):
        return None
    return block_out.box_of(active)


def with_cursor(
    context: bpy.types.Context, delivery: "Delivery | None" = None, *, kind: str = "MODEL"
) -> "Delivery":
    """Return the delivery with the current 3D cursor, scene and document.

    Without a delivery a World is fetched with the splats that the form has.
    """
    from ...jobs.job_values import Delivery

    splats = of(context).splats
    return replace(
        delivery or Delivery(splats=splats if kind == "WORLD" and splats != "NONE" else None),
        at=cursor(context),
        rotation=None,
        size=None,
        original=None,
        document=session.document_id(),
        scene=context.scene.name,
    )


def cursor(context: bpy.types.Context) -> tuple[float, float, float]:
    """Return the location of the 3D cursor, in scene units."""
    x, y, z = context.scene.cursor.location
    return x, y, z


def fill_form(form: MintForm, template: "RequestTemplate", original: str = "") -> None:
    """Fill the form with the settings of an earlier request; keep those that are unknown.

    Pictures that no longer exist are left out. `original` is the id of the job or asset whose
    result in the scene the new one will stand beside.
    """
    from ...mint.generation_request import MAX_PROMPT_LENGTH
    from ...mint.schema import Kind, Mode

    request = template.request
    delivery = template.delivery
    form.kind = request.kind.name
    form.style = ""
    form.prompt = request.prompt[: MAX_PROMPT_LENGTH[request.kind]]
    form.original = original
    form.is_beside = True
    form.name = (request.name or "")[:MAX_NAME_LENGTH]
    if not template.is_complete:
        return
    form.preset = request.preset.name
    form.review = request.mode is Mode.REVIEW
    form.pose = request.pose.name if request.pose else "NONE"
    motion_choice.choose(form, template.motions)
    form.animate = bool(template.motions)
    form.use_height = delivery.height is not None
    form.height = delivery.height or form.height
    if request.kind is Kind.WORLD:
        form.splats = (
            delivery.splats if delivery.splats in {name for name, *_ in SPLATS} else "NONE"
        )
        form.panorama = delivery.panorama
    references.replace_all(image for image in request.images if image not in template.gone)


def mode_of(form: MintForm) -> str:
    """Return the generation mode, as an item of an enum property."""
    return "REVIEW" if form.review else "AUTO"


def clear_sent() -> None:
    """Save the settings, and clear what belongs to the request that was sent."""
    form = of(bpy.context)
    saved_settings.save(form)
    form.prompt = form.name = form.original = ""
    drop_extra(form)
    references.clear()
