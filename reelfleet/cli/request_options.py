"""The options that name a request's fields.

Values are handed on as they were typed: the contract reads them, so that one error lists every problem.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

# option, metavar, help
_FIELDS = (
    ("--model", "NAME", "What generates; `reel models` lists them."),
    ("--prompt", "TEXT", "What to make."),
    ("--negative-prompt", "TEXT", "What not to make."),
    ("--size", "WxH", "Pixels, such as 832x480."),
    ("--frames", "N", "Length of a clip."),
    ("--fps", "N", "Frames per second of a clip."),
    ("--steps", "N", "Denoise steps."),
    ("--guidance", "X", "Guidance scale."),
    ("--guidance-2", "X", "Guidance scale of a second expert."),
    ("--seed", "N", "64-bit seed; -1 or none to draw one."),
    ("--image-start", "FILE|URI", "First frame; a local file is uploaded."),
    ("--image-end", "FILE|URI", "Last frame."),
    ("--image-refs", "FILE|URI", "A reference image; may be given several times."),
    ("--video-source", "FILE|URI", "A source clip."),
    ("--audio-source", "FILE|URI", "Source sound."),
    ("--metadata-mode", "metadata|json", "Metadata embedded in the file, or in a sidecar."),
    ("--priority", "0-9", "0 is taken first."),
    ("--tenant", "NAME", "Whose job it is."),
    ("--tag", "TEXT", "A tag; may be given several times."),
    ("--idempotency-key", "KEY", "The same key and request give the same job."),
    ("--timeout-s", "S", "Seconds from submit until the job ends as timed out."),
    ("--container", "mp4|mkv|mov|webm", "Video container."),
    ("--codec", "NAME", "Video codec: h264, h265, prores, vp9 or av1."),
    ("--crf", "N", "Constant rate factor; lower is better."),
    ("--image-format", "png|jpeg|webp", "Image format."),
    ("--image-quality", "1-100", "JPEG and WebP quality."),
    ("--audio-format", "wav|flac", "Format of sound as a file of its own."),
)
_SEVERAL = {"--image-refs": "image_refs", "--tag": "tags"}
_OUTPUT = {
    "container": "container",
    "codec": "video_codec",
    "crf": "video_crf",
    "image_format": "image_format",
    "image_quality": "image_quality",
    "audio_format": "audio_format",
    "save_audio": "save_audio",
}


def request_options(command: F) -> F:
    """Add an option for every field of a request; the command gets them as keyword arguments for :func:`fields_of`."""
    command = click.option("--param", metavar="KEY=JSON", multiple=True, help="An engine parameter; may be given several times.")(command)
    command = click.option("--save-audio", is_flag=True, help="Also write sound as a file of its own.")(command)
    command = click.option("--not-preemptible", is_flag=True, help="Do not give way to jobs of higher priority once it runs.")(command)
    for option, metavar, text in reversed(_FIELDS):
        command = click.option(option, metavar=metavar, help=text, multiple=option in _SEVERAL)(command)
    return command


def fields_of(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given as fields of a request."""
    given = {name: value for name, value in options.items() if value not in (None, (), False)}
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if name in _OUTPUT:
            fields.setdefault("output", {})[_OUTPUT[name]] = value
        elif name == "param":
            fields["engine_params"] = dict(_parameter(text) for text in value)
        elif name == "not_preemptible":
            fields["preemptible"] = False
        elif name == "tag":
            fields["tags"] = list(value)
        else:
            fields[name] = list(value) if isinstance(value, tuple) else value
    return fields


def _parameter(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"--param {text!r}: write KEY=JSON, such as --param flow_shift=5.0")
    try:
        return name, json.loads(value)
    except ValueError:
        # Text without quotes is what people type.
        return name, value
