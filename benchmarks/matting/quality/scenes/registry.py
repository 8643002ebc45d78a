"""All scenes, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from benchmarks.matting.quality.scenes.bodies import half_patch, hole, odd_size, soft_body
from benchmarks.matting.quality.scenes.compression import compression
from benchmarks.matting.quality.scenes.form import Scene
from benchmarks.matting.quality.scenes.motion import exit_and_reentry, motion_blur
from benchmarks.matting.quality.scenes.strands import thin_strands
from benchmarks.matting.quality.scenes.surroundings import cut, distractor

_ALL = (
    Scene("soft-body", "an edge out of focus", soft_body),
    Scene("thin-strands", "hair thinner than a pixel", thin_strands),
    Scene("half-patch", "a veil that lets half of the light through", half_patch),
    Scene("hole", "a ring: the background shows inside the subject", hole),
    Scene("motion-blur", "a subject smeared by its motion", motion_blur),
    Scene("distractor", "another object of the same colours crosses", distractor),
    Scene("exit-reentry", "the subject leaves the picture and comes back", exit_and_reentry),
    Scene("cut", "the background changes at once, the subject stays", cut),
    Scene("odd-size", "pictures that no stride divides", odd_size),
    Scene("compression", "few bits, half the colour resolution", compression),
)
SCENES: Mapping[str, Scene] = MappingProxyType({scene.name: scene for scene in _ALL})
