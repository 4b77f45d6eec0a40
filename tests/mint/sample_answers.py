# SPDX-License-Identifier: GPL-3.0-or-later
"""An operation and a model as the contract describes them."""

from __future__ import annotations

from typing import Any

OPERATION: dict[str, Any] = {
    "object": "operation",
    "id": "s977mrcr6dpw1jgrz3rezczc658dv8es",
    "type": "model_generation",
    "generationMode": "review",
    "status": "preview_ready",
    "prompt": "a lamp",
    "generationPreset": "fast",
    "generationModel": "some-model",
    "resource": {"type": "model", "id": "m1"},
    "mintUrl": "https://mint.gg/m1",
    "assets": {"previewImageUrl": "https://cdn.example/p.webp", "glbUrl": None},
    "billing": {
        "reason": "insufficient_credits",
        "requiredCredits": 800,
        "availableCredits": 300,
        "stage": "final",
    },
    "credits": {
        "estimated": 798,
        "reserved": 200,
        "finalized": 0,
        "availableAfterReservation": None,
    },
    "error": {"code": "moderation_blocked", "message": "No."},
    "createdAt": "2026-08-03T22:46:00.000Z",
    "updatedAt": "2026-08-03T22:46:01Z",
}
MODEL: dict[str, Any] = {
    "object": "model",
    "id": "m1",
    "name": "Lamp",
    "status": "succeeded",
    "assetStage": "final",
    "mintUrl": "https://mint.gg/m1",
    "prompt": "a lamp",
    "assets": {
        "glbUrl": "https://cdn.example/m.glb",
        "glbSizeBytes": 1024,
        "thumbnailUrl": "https://cdn.example/t.webp",
        "previewImageUrl": "https://cdn.example/p.webp",
        "bounds": {
            "min": [-1, 0, -1],
            "max": [1, 2.5, 1],
            "size": [2, 2.5, 2],
            "center": [0, 1.25, 0],
        },
        "optimizedGlbUrl": None,
    },
}
