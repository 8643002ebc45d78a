"""How metadata, one JSON object, is written into each kind of file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from PIL import Image
from PIL.ExifTags import IFD, Base

from reelfleet.contract.canonical import canonical_bytes

PNG_KEYWORD = "reelfleet"
ZIP_MEMBER = "metadata.json"
EXIF_ASCII = b"ASCII\0\0\0"
"""EXIF's name for the character set of a user comment; JSON can always be written in it."""

_XMP_HEAD = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt><rdf:li xml:lang="x-default">'
_XMP_TAIL = "</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"

JPEG_SEGMENT_BYTES = 65_000
"""A JPEG keeps EXIF and XMP in one segment of at most 65 533 bytes each."""


def metadata_json(metadata: Mapping[str, Any]) -> str:
    """Return the text that is embedded: canonical JSON, the same bytes for the same content."""
    return canonical_bytes(dict(metadata)).decode()


def exif_with(text: str) -> Image.Exif:
    """Return EXIF data with ``text`` (JSON) as the user comment."""
    exif = Image.Exif()
    exif[Base.Software] = "reelfleet"
    exif.get_ifd(IFD.Exif)[Base.UserComment] = EXIF_ASCII + json.dumps(json.loads(text)).encode("ascii")
    return exif


def xmp_with(text: str) -> bytes:
    """Return an XMP packet with ``text`` as the description."""
    return (_XMP_HEAD + escape(text) + _XMP_TAIL).encode()


def fits_jpeg(text: str) -> bool:
    """Return whether ``text`` fits into a JPEG's EXIF and XMP."""
    return len(exif_with(text).tobytes()) <= JPEG_SEGMENT_BYTES and len(xmp_with(text)) <= JPEG_SEGMENT_BYTES
