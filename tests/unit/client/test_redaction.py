import pytest

from reelfleet.redaction import redacted_text, redacted_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:secret@host:6379/0", "redis://:***@host:6379/0"),
        ("rediss://user:secret@host/0", "rediss://user:***@host/0"),
        ("redis://user:se@cret:x@host/0", "redis://user:***@host/0"),
        ("redis://host/0?password=secret&x=1", "redis://host/0?password=***&x=1"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("s3://bucket/prefix", "s3://bucket/prefix"),
    ],
)
def test_a_url_shows_everything_but_its_password(url, shown):
    assert redacted_url(url) == shown


def test_passwords_inside_a_sentence_are_masked():
    assert (
        redacted_text("no answer from redis://:secret@a and amqp://u:secret@b, sorry")
        == "no answer from redis://:***@a and amqp://u:***@b, sorry"
    )
