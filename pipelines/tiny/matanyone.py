"""MatAnyone's network with random weights: the whole architecture, of which there is no smaller one."""

from __future__ import annotations

from pathlib import Path

from pipelines.matanyone.random_weights import write_random_weights

FILE = "model.safetensors"
"""As the published weights are named."""


class RandomMatAnyone:
    """Weights that are not made before they are written."""

    def save_pretrained(self, folder: str, **_: object) -> None:
        """Write the file of weights into a folder."""
        write_random_weights(Path(folder) / FILE)


def network() -> RandomMatAnyone:
    """Return what writes the weights."""
    return RandomMatAnyone()
