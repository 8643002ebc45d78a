"""The body of an S3 answer as a file."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from reelfleet.contract.errors import FleetError
from reelfleet.store.s3_errors import S3_ERRORS

if TYPE_CHECKING:
    from botocore.response import StreamingBody


class S3Body(io.RawIOBase):
    """Reads a response body to its end; botocore raises when the connection ends before the announced length."""

    def __init__(self, body: StreamingBody, explain: Callable[[Exception], FleetError]) -> None:
        super().__init__()
        self._body = body
        self._explain = explain

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the base class's buffer type has no name
        """Fill ``buffer`` from the connection."""
        try:
            chunk = self._body.read(len(buffer))
        except S3_ERRORS as error:
            raise self._explain(error) from error
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        """Give the connection back."""
        self._body.close()
        super().close()
