"""Both sides come to the same key, and only they: checked by hand and against another library."""

import base64
import hashlib
import hmac
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey

from adapters.keys.agreeing import agree, encryption_key, own_encryption_keys
from adapters.keys.errors import KeyringDamaged, UnknownOwnKey, UnusableKey
from adapters.keys.files import write_private
from adapters.keys.index import NodeKey
from adapters.keys.jose import PrivateKey
from adapters.keys.keyring import Keyring
from tests.builders import a_moment, a_partner_key

# RFC 5903, section 8.1: two private keys on P-256, and the x of the point that they share.
RFC_ONE = 0xC88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433
RFC_TWO = 0xC6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53
RFC_SHARED = bytes.fromhex("D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE")
INFO = b"mx-token-v1\0agreement\0110102\0420106\x002026-03\0one\0two"


def hkdf(shared: bytes, info: bytes) -> bytes:
    """RFC 5869 by hand: no salt is 32 zero bytes, and 32 bytes are one block."""
    extracted = hmac.digest(bytes(32), shared, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def a_keyring(folder: Path) -> Keyring:
    return Keyring.create(folder, a_moment())


def a_keyring_with(folder: Path, secret: int) -> Keyring:
    """A keyring whose encryption key is a known one."""
    keyring = a_keyring(folder)
    pem = ec.derive_private_key(secret, ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = PrivateKey.from_pem(pem).public
    write_private(folder / f"{public.kid}.pem", pem)
    known = NodeKey(public=public, use="enc", not_before=a_moment(), not_after=None)
    signing = tuple(key for key in keyring.index.keys if key.use == "sig")
    replace(keyring.index, keys=(*signing, known)).write(folder)
    return Keyring.open(folder)


def only_key(keyring: Keyring):
    return own_encryption_keys(keyring)[0]


def test_the_keys_of_rfc_5903_agree_on_what_it_says(tmp_path: Path):
    one, two = a_keyring_with(tmp_path / "one", RFC_ONE), a_keyring_with(tmp_path / "two", RFC_TWO)
    expected = hkdf(RFC_SHARED, INFO)
    assert agree(one, only_key(one).kid, only_key(two), INFO) == expected
    assert agree(two, only_key(two).kid, only_key(one), INFO) == expected


def test_another_library_comes_to_the_same_key(tmp_path: Path):
    one, two = a_keyring(tmp_path / "one"), a_keyring(tmp_path / "two")
    kid = only_key(one).kid
    private = ECKey.import_key((tmp_path / "one" / f"{kid}.pem").read_text())
    theirs = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": only_key(two).x, "y": only_key(two).y})
    shared = private.exchange_derive_key(theirs)
    assert agree(two, only_key(two).kid, only_key(one), INFO) == hkdf(shared, INFO)


def test_an_own_pair_agrees_with_itself_over_two_of_its_keys(tmp_path: Path):
    keyring = a_keyring(tmp_path / "keys").rotate(a_moment(10), a_moment(20) - a_moment(10))
    old, new = own_encryption_keys(keyring)
    assert agree(keyring, old.kid, new, INFO) == agree(keyring, new.kid, old, INFO)
    assert agree(keyring, old.kid, old, INFO) != agree(keyring, new.kid, new, INFO)


def test_every_part_of_the_info_makes_another_key(tmp_path: Path):
    one, two = a_keyring(tmp_path / "one"), a_keyring(tmp_path / "two")
    keys = {agree(one, only_key(one).kid, only_key(two), INFO[:end]) for end in range(len(INFO))}
    assert len(keys) == len(INFO)


def test_a_revoked_own_key_is_not_trusted_from_then_on(tmp_path: Path):
    keyring = a_keyring(tmp_path / "keys")
    keyring = keyring.revoke(only_key(keyring).kid, a_moment(5), "lost")
    assert only_key(keyring).trusted_at(a_moment(4))
    assert not only_key(keyring).trusted_at(a_moment(5))


@pytest.mark.parametrize("kid", ["unknown", "../keys/recovery", ""])
def test_a_kid_that_is_none_of_ours_is_refused(tmp_path: Path, kid: str):
    keyring = a_keyring(tmp_path / "keys")
    with pytest.raises(UnknownOwnKey):
        agree(keyring, kid, only_key(keyring), INFO)


def test_a_signing_key_is_never_used_to_agree(tmp_path: Path):
    keyring = a_keyring(tmp_path / "keys")
    with pytest.raises(UnknownOwnKey):
        agree(keyring, keyring.signing_key(a_moment()).kid, only_key(keyring), INFO)
    assert encryption_key([a_partner_key()], a_partner_key().kid) is None


def test_a_point_beside_the_curve_is_refused(tmp_path: Path):
    keyring = a_keyring(tmp_path / "keys")
    x = base64.urlsafe_b64encode(hashlib.sha256(b"x").digest()).rstrip(b"=").decode()
    with pytest.raises(UnusableKey):
        agree(keyring, only_key(keyring).kid, a_partner_key(use="enc", x=x, y=x), INFO)


def test_a_private_half_is_read_with_the_folder_and_no_more(tmp_path: Path):
    keyring = a_keyring(tmp_path / "keys")
    kid = only_key(keyring).kid
    before = agree(keyring, kid, only_key(keyring), INFO)
    (tmp_path / "keys" / f"{kid}.pem").unlink()
    assert agree(keyring.refreshed(), kid, only_key(keyring), INFO) == before


def test_a_private_half_that_is_gone_is_an_operators_matter(tmp_path: Path):
    folder = tmp_path / "keys"
    rotated = a_keyring(folder).rotate(a_moment(10), a_moment(20) - a_moment(10))
    old, new = own_encryption_keys(rotated)
    (folder / f"{old.kid}.pem").unlink()
    keyring = Keyring.open(folder)
    with pytest.raises(KeyringDamaged) as refusal:
        agree(keyring, old.kid, new, INFO)
    assert refusal.value.file == f"{old.kid}.pem"


def test_agreed_keys_have_the_length_that_hmac_wants(tmp_path: Path):
    keyring = a_keyring(tmp_path / "keys")
    assert len(agree(keyring, only_key(keyring).kid, only_key(keyring), INFO)) == 32
