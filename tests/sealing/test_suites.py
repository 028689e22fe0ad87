"""The suites: published vectors, and that nothing changed is ever opened."""

from hashlib import sha256
from hmac import new as hmac_by_the_library

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from adapters.sealing.errors import UnknownSuite
from adapters.sealing.suites import AES, SM, SUITES, Sm4, suite_of

KEY = bytes(range(32))
BOTH = pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)


def sm3(data: bytes) -> bytes:
    hashing = hashes.Hash(hashes.SM3())
    hashing.update(data)
    return hashing.finalize()


@BOTH
def test_what_is_sealed_opens_again_and_never_looks_the_same(suite):
    cipher = suite.cipher(KEY)
    one, other = (cipher.seal(b"plain", b"row 1") for _ in range(2))
    assert one != other
    assert cipher.open(one, b"row 1") == cipher.open(other, b"row 1") == b"plain"


@BOTH
@given(data=st.data())
def test_a_changed_byte_anywhere_is_refused(suite, data):
    cipher = suite.cipher(KEY)
    sealed = bytearray(cipher.seal(b"a name and a number", b"row 1"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    assert cipher.open(bytes(sealed), b"row 1") is None


@BOTH
@pytest.mark.parametrize("length", [0, 1, 11, 12, 27])
def test_what_is_too_short_to_be_sealed_is_refused(suite, length):
    assert suite.cipher(KEY).open(bytes(length), b"") is None


@BOTH
def test_another_row_or_another_key_does_not_open_it(suite):
    sealed = suite.cipher(KEY).seal(b"plain", b"row 1")
    assert suite.cipher(KEY).open(sealed, b"row 2") is None
    assert suite.cipher(bytes(32)).open(sealed, b"row 1") is None


def test_aes_is_aes_256_gcm():
    sealed = AES.cipher(KEY).seal(b"plain", b"row")
    assert AESGCM(KEY).decrypt(sealed[:12], sealed[12:], b"row") == b"plain"


def test_sm4_gcm_opens_the_vector_of_rfc_8998():
    sealed = bytes.fromhex(
        "00001234567800000000abcd"
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )
    plain = b"".join(bytes([byte]) * 8 for byte in bytes.fromhex("aabbccddeeffeeaa"))
    about = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    assert Sm4(bytes.fromhex("0123456789abcdeffedcba9876543210")).open(sealed, about) == plain


def test_the_keyed_hashes_are_hmacs():
    assert sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"  # GB/T 32905, A.1
    inner, outer = (bytes(byte ^ pad for byte in KEY.ljust(64, b"\0")) for pad in (0x36, 0x5C))
    assert SM.keyed(KEY)(b"abc") == sm3(outer + sm3(inner + b"abc"))
    assert AES.keyed(KEY)(b"abc") == hmac_by_the_library(KEY, b"abc", sha256).digest()


def test_a_keyed_hash_is_set_up_once_and_used_again():
    for suite in SUITES.values():
        keyed = suite.keyed(KEY)
        assert keyed(b"abc") == keyed(b"abc") != keyed(b"abd")


def test_every_suite_has_a_tag_of_its_own_and_an_unknown_tag_a_name():
    assert [suite_of(suite.tag) for suite in SUITES.values()] == list(SUITES.values())
    with pytest.raises(UnknownSuite):
        suite_of(9)
