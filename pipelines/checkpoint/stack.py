"""What shapes the bits of any computation here, whatever is computed: libraries, device, how torch is set up."""

from __future__ import annotations

import torch

from pipelines.device import DeviceInfo
from pipelines.versions import versions


def stack_facts(device: DeviceInfo) -> dict[str, str]:
    """Return the facts by name, as a fingerprint lists them."""
    facts = {
        "matmul precision": torch.get_float32_matmul_precision(),
        "device": f"{device.kind} {device.name}",
        **{f"version of {name}": version for name, version in versions().items()},
    }
    if device.kind == "cpu":
        facts |= {"threads": str(torch.get_num_threads()), "instructions": torch.backends.cpu.get_cpu_capability()}
    else:
        facts["version of CUDA"] = str(torch.version.cuda)
        facts["version of cuDNN"] = str(torch.backends.cudnn.version())  # type: ignore[no-untyped-call]  # torch leaves it without types
    return facts
