"""Video matting: an independent implementation of the MatAnyone network (Yang et al., CVPR 2025, arXiv 2501.14677).

The network loads the published weights of MatAnyone and MatAnyone 2. Those weights are not part of reelfleet; their licence (NTU S-Lab
License 1.0) allows non-commercial use alone.
"""

from pipelines.matanyone.loop import matte_frames
from pipelines.matanyone.model import MatAnyoneModel, load_matanyone
from pipelines.matanyone.network import MatAnyoneNetwork
from pipelines.matanyone.random_weights import random_weights, write_random_weights
from pipelines.matanyone.weights import load_network

__all__ = [
    "MatAnyoneModel",
    "MatAnyoneNetwork",
    "load_matanyone",
    "load_network",
    "matte_frames",
    "random_weights",
    "write_random_weights",
]
