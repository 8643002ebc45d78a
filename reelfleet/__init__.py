"""A headless fleet that generates and mattes media: what producers, operators and consumers install.

The names below load on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reelfleet.client.fleet import Fleet
    from reelfleet.client.job import Job
    from reelfleet.client.result import Result, ResultArtifact
    from reelfleet.contract.errors import FleetError
    from reelfleet.contract.event import Event, EventKind
    from reelfleet.contract.job import JobState, JobStatus
    from reelfleet.contract.manifest import Manifest
    from reelfleet.contract.matte import Box, KeyMask, MatteOptions, MatteOutput, Point
    from reelfleet.contract.matte_request import MatteRequest
    from reelfleet.contract.matting_card import MaskMakerCard, MattingCard
    from reelfleet.contract.model_card import ModelCard
    from reelfleet.contract.output import OutputOptions
    from reelfleet.contract.request import GenerateRequest

__version__ = "0.1.0"

__all__ = [
    "Box",
    "Event",
    "EventKind",
    "Fleet",
    "FleetError",
    "GenerateRequest",
    "Job",
    "JobState",
    "JobStatus",
    "KeyMask",
    "Manifest",
    "MaskMakerCard",
    "MatteOptions",
    "MatteOutput",
    "MatteRequest",
    "MattingCard",
    "ModelCard",
    "OutputOptions",
    "Point",
    "Result",
    "ResultArtifact",
    "__version__",
]

_HOME = {
    "Box": "contract.matte",
    "Event": "contract.event",
    "EventKind": "contract.event",
    "Fleet": "client.fleet",
    "FleetError": "contract.errors",
    "GenerateRequest": "contract.request",
    "Job": "client.job",
    "JobState": "contract.job",
    "JobStatus": "contract.job",
    "KeyMask": "contract.matte",
    "Manifest": "contract.manifest",
    "MaskMakerCard": "contract.matting_card",
    "MatteOptions": "contract.matte",
    "MatteOutput": "contract.matte",
    "MatteRequest": "contract.matte_request",
    "MattingCard": "contract.matting_card",
    "ModelCard": "contract.model_card",
    "OutputOptions": "contract.output",
    "Point": "contract.matte",
    "Result": "client.result",
    "ResultArtifact": "client.result",
}


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'reelfleet' has no attribute {name!r}")
    return getattr(import_module(f"reelfleet.{home}"), name)


def __dir__() -> list[str]:
    return __all__
