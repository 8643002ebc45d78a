"""Which options fill which fields of a request; verbs share the tables."""

from __future__ import annotations

from reelfleet.cli.request_options import Field

GENERATION = (
    Field("--model", "NAME", "What generates; `reel models` lists them."),
    Field("--prompt", "TEXT", "What to make."),
    Field("--negative-prompt", "TEXT", "What not to make."),
    Field("--size", "WxH", "Pixels, such as 832x480."),
    Field("--frames", "N", "Length of a clip."),
    Field("--fps", "N", "Frames per second of a clip."),
    Field("--steps", "N", "Denoise steps."),
    Field("--guidance", "X", "Guidance scale."),
    Field("--guidance-2", "X", "Guidance scale of a second expert."),
    Field("--seed", "N", "64-bit seed; -1 or none to draw one."),
    Field("--image-start", "FILE|URI", "First frame; a local file is uploaded."),
    Field("--image-end", "FILE|URI", "Last frame."),
    Field("--image-refs", "FILE|URI", "A reference image; may be given several times.", several=True),
    Field("--video-source", "FILE|URI", "A source clip."),
    Field("--audio-source", "FILE|URI", "Source sound."),
)

MATTING = (
    Field("--model", "NAME", "What mattes; matanyone if none is named, and `reel models` lists them."),
    Field("--mask-model", "NAME", "What makes masks of points, boxes and words; sam2 if none is named, for words sam3."),
    Field("--start-frame", "N", "First frame, counted from 0 in the order in which they are shown."),
    Field("--end-frame", "N", "First frame that is left out."),
    Field("--resize", "480p|720p|1080p", "Bring it to the size of this canvas; upright if the source is."),
    Field("--fit", "inside|outer", "No side longer than the canvas', or none shorter."),
    Field("--select", "foreground|background", "Keep the target, or everything but the target."),
    Field("--output-type", "foreground|greenscreen|alpha", "Over black, over green, or with an alpha channel (RGBA)."),
    Field("--dilate", "N", "Grow the mask by an ellipse of this diameter in pixels."),
    Field("--erode", "N", "Then shrink it by one of this diameter."),
    Field("--warmup", "N", "How often the frame of a mask is refined before the clip goes on."),
    Field("--precision", "parity|fast", "float32, or half precision where that is known to be harmless."),
    Field("--save-masks", "", "Also archive every alpha as PNG, and for alpha every RGBA frame."),
    Field("--no-audio", "", "Leave the source's sound out.", at="audio", means=False),
    Field("--allow-truncated", "", "Matte what can be decoded of a damaged source."),
)

FOLLOW_UP = (
    Field("--matte-model", "NAME", "What mattes the result.", at="matte.model"),
    Field("--matte-mask-model", "NAME", "What makes masks of points, boxes and words.", at="matte.mask_model"),
    Field("--matte-output-type", "foreground|greenscreen|alpha", "How the matted result is composed.", at="matte.output_type"),
)

OUTPUT = (
    Field("--metadata-mode", "metadata|json", "Metadata embedded in the file, or in a sidecar."),
    Field("--container", "mp4|mkv|mov|webm", "Video container.", at="output.container"),
    Field("--codec", "NAME", "Video codec: h264, h265, prores, vp9 or av1.", at="output.video_codec"),
    Field("--crf", "N", "Constant rate factor; lower is better.", at="output.video_crf"),
    Field("--audio-format", "wav|flac", "Format of sound as a file of its own.", at="output.audio_format"),
    Field("--save-audio", "", "Also write sound as a file of its own.", at="output.save_audio"),
)

IMAGE_OUTPUT = (
    Field("--image-format", "png|jpeg|webp", "Image format.", at="output.image_format"),
    Field("--image-quality", "1-100", "JPEG and WebP quality.", at="output.image_quality"),
)

JOB = (
    Field("--priority", "0-9", "0 is taken first."),
    Field("--tenant", "NAME", "Whose job it is."),
    Field("--tag", "TEXT", "A tag; may be given several times.", at="tags", several=True),
    Field("--idempotency-key", "KEY", "The same key and request give the same job."),
    Field("--timeout-s", "S", "Seconds from submit until the job ends as timed out."),
    Field("--not-preemptible", "", "Do not give way to jobs of higher priority once it runs.", at="preemptible", means=False),
)
