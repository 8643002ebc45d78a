import pytest

from reelfleet.contract.inputs import check_input_uri


@pytest.mark.parametrize("uri", ["s3://bucket/a/b.png", "file:///srv/in.png", "file://localhost/srv/in.png", "file:///srv/a%20b.png"])
def test_store_objects_and_absolute_files_may_be_named(uri):
    assert check_input_uri(uri) == uri


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("https://example.org/a.png", "only s3:// and file://"),
        ("a.png", "uploaded by the client"),
        ("s3://bucket/../other", r"'\.\.'"),
        ("s3://bucket/%2e%2e/other", r"'\.\.'"),
        ("file:///srv/%2E%2E/etc/passwd", r"'\.\.'"),
        ("file://host/srv/in.png", "three slashes"),
        ("file:///a.png?x=1", "no query"),
        ("s3://bucket/a#b", "no fragment"),
        ("s3://key:secret@bucket/a", "without credentials"),
        ("s3://bucket:9000/a", "port"),
        ("s3:///a", "s3://bucket/key"),
        ("s3://bucket/", "one file"),
        ("file:///", "one file"),
        ("file:///a\nb", "control"),
        ("file:///a\u202eb", "invisible"),
    ],
)
def test_anything_else_is_refused_with_its_reason(uri, reason):
    with pytest.raises(ValueError, match=reason):
        check_input_uri(uri)
