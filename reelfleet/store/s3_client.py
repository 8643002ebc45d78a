"""The boto3 client, with the settings that S3-compatible servers need."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from reelfleet.store.retry import StoreRetry

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")


def make_client(policy: StoreRetry, *, attempts: int = 1) -> S3Client:
    """Return a client of its own session; clients may be shared by threads, sessions may not.

    Args:
        policy: timeouts.
        attempts: how often botocore itself tries. 1 where we retry, so that retries do not multiply.
    """
    custom_endpoint = any(os.environ.get(name) for name in ENDPOINT_VARIABLES)
    config = Config(
        connect_timeout=policy.connect_timeout_s,
        read_timeout=policy.read_timeout_s,
        retries={"mode": "standard", "total_max_attempts": attempts},
        # Few servers but AWS resolve bucket.host names.
        s3={"addressing_style": "path"} if custom_endpoint else {},
        # botocore's new default checksums (CRC trailers, verified answers) break servers that do not know them,
        # and range answers of those that send the whole object's checksum. We send our own SHA-256.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        tcp_keepalive=True,
    )
    session = boto3.Session()
    # botocore asks for a region even where a custom server has none.
    return session.client("s3", config=config, region_name=session.region_name or "us-east-1")
