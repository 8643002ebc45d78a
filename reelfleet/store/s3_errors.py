"""What botocore's exceptions mean to the fleet."""

from __future__ import annotations

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from urllib3.exceptions import HTTPError

from reelfleet.contract.errors import StoreUnavailable, Unsupported

S3_ERRORS: tuple[type[Exception], ...] = (
    ClientError,
    HTTPClientError,
    BotoConnectionError,
    IncompleteReadError,
    ResponseStreamingError,
    ReadTimeoutError,
    HTTPError,
    S3UploadFailedError,
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
)
"""Everything that a call to S3 raises when S3, the way to it or the credentials are at fault."""

_CREDENTIAL_CODES = frozenset(
    {
        "AccessDenied",
        "403",
        "Forbidden",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "InvalidToken",
        "TokenRefreshRequired",
    }
)
_TRANSIENT_CODES = frozenset(
    {
        "BadDigest",
        "ConditionalRequestConflict",
        "InternalError",
        "OperationAborted",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "TooManyRequests",
        "XAmzContentChecksumMismatch",
    }
)
_TOO_MANY_REQUESTS = 429
_CONFLICT = 409
_NOT_IMPLEMENTED = 501
_SERVER_ERROR = 500


def code_of(error: Exception) -> str:
    """Return the S3 error code (``NoSuchKey``), or for answers without a body the HTTP status as text."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def status_of(error: Exception) -> int:
    """Return the HTTP status, or 0 when there was no answer."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) if isinstance(error, ClientError) else 0


def is_missing(error: Exception) -> bool:
    """Return whether the object is not there (a bucket that is not there is another matter)."""
    return code_of(error) in {"NoSuchKey", "404", "NotFound"}


def is_refused_condition(error: Exception) -> bool:
    """Return whether ``If-None-Match`` said no."""
    return code_of(error) in {"PreconditionFailed", "412"}


def is_unsupported(error: Exception) -> bool:
    """Return whether the server does not know the request at all."""
    return status_of(error) == _NOT_IMPLEMENTED or code_of(error) == "NotImplemented"


def is_transient(error: Exception) -> bool:
    """Return whether asking again can help."""
    if isinstance(error, ClientError):
        if is_unsupported(error):
            return False
        status = status_of(error)
        return status >= _SERVER_ERROR or status in {_TOO_MANY_REQUESTS, _CONFLICT} or code_of(error) in _TRANSIENT_CODES
    if isinstance(error, S3UploadFailedError):
        return isinstance(error.__cause__, S3_ERRORS) and is_transient(error.__cause__)
    return not isinstance(error, (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError))


def explain(error: Exception, *, place: str, endpoint: str, tried: int) -> StoreUnavailable | Unsupported:
    """Return the typed error; it names endpoint and place and holds no secret.

    Args:
        error: what the last try raised.
        place: the ``s3://`` URI that was meant.
        endpoint: the server's URL.
        tried: how many tries there were.
    """
    details = {"place": place, "endpoint": endpoint, "tried": tried, "code": code_of(error), "status": status_of(error)}
    if isinstance(error, S3UploadFailedError) and isinstance(error.__cause__, Exception):
        return explain(error.__cause__, place=place, endpoint=endpoint, tried=tried)
    if isinstance(error, (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)):
        why = "no usable credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    elif code_of(error) in _CREDENTIAL_CODES:
        why = f"the credentials were refused ({code_of(error)}); check the AWS_* variables and what they may do"
    elif code_of(error) == "NoSuchBucket":
        why = "there is no such bucket; create it or correct REEL_STORE_URL"
    elif is_unsupported(error):
        return Unsupported(f"the S3 server at {endpoint} does not do this request ({place})", details=details)
    elif isinstance(error, ClientError):
        why = f"it answered {status_of(error)} {code_of(error)} after {_times(tried)}"
    else:
        why = f"no usable answer after {_times(tried)} ({type(error).__name__}); check that the server is up and reachable"
    return StoreUnavailable(f"{place} at {endpoint}: {why}", details=details)


def _times(tried: int) -> str:
    return "1 try" if tried == 1 else f"{tried} tries"
