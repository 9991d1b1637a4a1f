"""Frames: what a client's may look like, and a server's as bytes on the wire."""

from uuid import uuid4

import pytest
from chat.errors import InvalidField, Refusal
from chat.live.frames import INCOMING, Pong, Send, Subscribe, encode, text_frame
from chat.validation import decode


def test_a_frame_is_what_rfc_6455_says() -> None:
    assert encode(Pong()) == b'\x81\x0f{"type":"pong"}'
    assert text_frame(b"x" * 125)[:2] == b"\x81\x7d"
    assert text_frame(b"x" * 126)[:4] == b"\x81\x7e\x00\x7e"
    assert text_frame(b"x" * 65_535)[:4] == b"\x81\x7e\xff\xff"
    assert text_frame(b"x" * 65_536)[:10] == b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"
    assert text_frame(b"x" * 65_536)[10:] == b"x" * 65_536


def test_frames_are_read_by_their_type() -> None:
    conversation = uuid4()
    found = decode(INCOMING, f'{{"type":"subscribe","conversation":"{conversation}"}}')
    assert found == Subscribe(conversation, 0)
    raw = f'{{"type":"send","conversation":"{conversation}","client_message_id":"{conversation}","body":"é"}}'
    assert decode(INCOMING, raw) == Send(conversation, conversation, "é")


@pytest.mark.parametrize(
    ("raw", "field", "code"),
    [
        ('{"type":"fly"}', "type", "invalid"),
        ("{}", "type", "missing"),
        ('{"type":"track"}', "order", "missing"),
        ('{"type":"track","order":"1"}', "order", "invalid"),
        ('{"type":"ping","why":1}', "why", "unknown"),
        ('{"type":"renew","token":""}', "token", "invalid"),
    ],
)
def test_the_wrong_field_is_named(raw: str, field: str, code: str) -> None:
    with pytest.raises(InvalidField) as raised:
        decode(INCOMING, raw)
    assert (raised.value.field, raised.value.code) == (field, code)


@pytest.mark.parametrize("raw", ["", "{", "nonsense", '{"type":"\\ud800"}', "[" * 100_000])
def test_what_is_no_json(raw: str) -> None:
    with pytest.raises((Refusal, InvalidField)):
        decode(INCOMING, raw)
