import hashlib

import pytest

from reelfleet.contract.canonical import canonical_bytes, canonical_sha256


def test_members_are_sorted_by_utf16_and_numbers_have_one_form():
    # RFC 8785 §3.2.3 sorts by UTF-16 code units: the surrogate pair of U+1F600 sorts before U+FB33.
    assert (
        canonical_bytes({"\ufb33": 1, "\U0001f600": 1.0, "a": 1e21, "b": 0.000001})
        == '{"a":1e+21,"b":0.000001,"\U0001f600":1,"\ufb33":1}'.encode()
    )


def test_the_hash_is_of_the_canonical_bytes():
    assert canonical_sha256({"b": 1, "a": 2}) == hashlib.sha256(b'{"a":2,"b":1}').hexdigest()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53])
def test_numbers_that_a_double_cannot_hold_are_refused(value):
    with pytest.raises(ValueError, match=r".+"):
        canonical_bytes({"x": value})
