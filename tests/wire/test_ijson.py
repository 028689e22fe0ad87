"""What two JSON readers could understand differently is refused."""

import json

import hypothesis.strategies as st
import pytest
from hypothesis import given

from exchange.wire.ijson import MAX_DEPTH, NotIJSON, b64url_decode, b64url_encode, dumps, loads


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'{"a":NaN}',
        b"[Infinity]",
        b"[-Infinity]",
        b'["\\ud800"]',
        b'{"\\udfff":1}',
        b'["\xed\xa0\x80"]',
        b'["\\u0000"]',
        b'{"a\\u0000":1}',
        b"\xef\xbb\xbf{}",
        b"\xff",
        b"{",
        b"",
        b"{} {}",
        b"{'a':1}",
        b"[" * 100_000,
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    ],
)
def test_ambiguous_text_is_refused(text: bytes) -> None:
    with pytest.raises(NotIJSON):
        loads(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, json.loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)),
        (b'["{{{{{{{{[[[[[[[["]', ["{{{{{{{{[[[[[[[["]),
        (b'["\\ud842\\udfb7"]', ["𠮷"]),
        ('["阿依古丽·买买提"]'.encode(), ["阿依古丽·买买提"]),
        (b'["\\\\u0000 in words"]', ["\\u0000 in words"]),
    ],
)
def test_plain_text_is_read(text: bytes, value: object) -> None:
    assert loads(text) == value


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | texts, lambda v: st.lists(v) | st.dictionaries(texts, v), max_leaves=5
    )
)
def test_what_is_written_is_read(value: object) -> None:
    try:
        read = loads(dumps(value))
    except NotIJSON:
        assert json.dumps(value).count("[") + json.dumps(value).count("{") > MAX_DEPTH
    else:
        assert read == value


@given(st.binary())
def test_base64url_round_trips(data: bytes) -> None:
    assert b64url_decode(b64url_encode(data)) == data


@given(st.text(alphabet="ABCabc019-_=+/ \n", max_size=12))
def test_only_canonical_base64url_is_decoded(text: str) -> None:
    try:
        data = b64url_decode(text)
    except ValueError:
        return
    assert b64url_encode(data) == text
