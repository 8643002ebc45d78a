"""A machine of the fleet under test: its own wires to Redis and S3, its own spool disk, its own name."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.fixtures.tcp_proxy import TcpProxy

DISK_BYTES = 48 * 1024 * 1024
"""Of the spool's filesystem: a few jobs fit, and filling it up takes a moment."""


class Disk:
    """A filesystem of its own for the spool, so that it can be really full. Without root it is a plain folder that never is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.mounted = (
            os.geteuid() == 0
            and not subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder], capture_output=True, check=False
            ).returncode
        )
        self._balloon = folder / "balloon"

    def fill(self) -> None:
        """Leave no byte free."""
        with self._balloon.open("wb", buffering=0) as file:
            chunk = bytes(1024 * 1024)
            while chunk:
                try:
                    file.write(chunk)
                except OSError:
                    chunk = chunk[: len(chunk) // 2]

    def free(self) -> None:
        """Give the space back."""
        self._balloon.unlink(missing_ok=True)

    def remove(self) -> None:
        """Unmount."""
        if self.mounted:
            subprocess.run(["umount", "--lazy", self.folder], check=True)


class Host:
    """What the workers of one machine see of the world."""

    def __init__(self, name: str, folder: Path, *, redis_port: int, store_port: int) -> None:
        self.name = name
        self.broker = TcpProxy(("127.0.0.1", redis_port))
        self.store = TcpProxy(("127.0.0.1", store_port))
        self.disk = Disk(folder / name)

    @property
    def spool(self) -> Path:
        """The spool folder of its workers."""
        return self.disk.folder / "spool"

    @property
    def env(self) -> dict[str, str]:
        """The settings of its workers."""
        return {
            "REEL_HOST": self.name,
            "REEL_SPOOL_DIR": str(self.spool),
            "REEL_BROKER_URL": f"redis://127.0.0.1:{self.broker.port}/0",
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.store.port}",
        }

    def partition(self) -> None:
        """Let it reach neither Redis nor S3."""
        self.broker.block()
        self.store.block()

    def reconnect(self, *, cut: bool) -> None:
        """End the partition."""
        self.broker.heal(cut=cut)
        self.store.heal(cut=cut)

    def remove(self) -> None:
        """Close the wires and unmount the disk."""
        self.broker.stop()
        self.store.stop()
        self.disk.remove()
