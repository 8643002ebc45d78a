"""Components that visit the device only while they work (offloading)."""

from __future__ import annotations

from typing import Any


def on_device(component: Any) -> None:
    """Bring an offloaded component to the device, as calling it would; nothing for one that stays there."""
    hook = getattr(component, "_hf_hook", None)
    if hook is not None:
        hook.pre_forward(component)
