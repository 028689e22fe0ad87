"""A signing key whose private half only a command can use: a real one, in a process of its own."""

import stat
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.keys import jose
from adapters.keys.device import DeviceKey
from adapters.keys.errors import KeyringExists, SigningDeviceFailed
from adapters.keys.jose import PrivateKey
from adapters.keys.keyring import Keyring
from tests.keys.forge import NOW, OTHER_PEM, PEM, TYP

DAY = timedelta(days=1)
SCRIPT = """
import base64, sys
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

key = load_pem_private_key(open(sys.argv[1], "rb").read(), None)
r, s = utils.decode_dss_signature(key.sign(sys.stdin.buffer.read(), ec.ECDSA(hashes.SHA256())))
print(base64.urlsafe_b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).rstrip(b"=").decode())
"""
PUBLIC = PrivateKey.from_pem(PEM).public


def a_device(tmp_path: Path, pem: bytes = PEM, script: str = SCRIPT) -> str:
    """The command of a device that holds this key."""
    (tmp_path / "slot").write_bytes(pem)
    (tmp_path / "device.py").write_text(script)
    return f"{sys.executable} {tmp_path / 'device.py'} {tmp_path / 'slot'}"


def test_a_device_signs_like_a_file_of_keys(tmp_path):
    key = DeviceKey(public=PUBLIC, command=a_device(tmp_path))
    signed = jose.sign(b"payload", typ=TYP, key=key)
    assert jose.verify(signed, typ=TYP, find_key={PUBLIC.kid: PUBLIC}.get).payload == b"payload"


@pytest.mark.parametrize("script", ["raise SystemExit(1)", "print('no signature!')", "print('AAAA')", ""])
def test_what_is_no_signature_is_refused(tmp_path, script):
    with pytest.raises(SigningDeviceFailed):
        DeviceKey(public=PUBLIC, command=a_device(tmp_path, script=script)).sign(b"data")


def test_the_signature_of_another_key_is_refused(tmp_path):
    with pytest.raises(SigningDeviceFailed):
        DeviceKey(public=PUBLIC, command=a_device(tmp_path, OTHER_PEM)).sign(b"data")


def test_a_device_that_is_not_there_is_told_of():
    with pytest.raises(SigningDeviceFailed):
        DeviceKey(public=PUBLIC, command="/nonexistent/device").sign(b"data")


def test_a_node_signs_by_the_device_that_it_adopted_while_the_old_key_stays_valid(keyring, folder, tmp_path):
    old = keyring.signing_key(NOW).kid
    later = NOW + DAY
    adopted = keyring.adopt(PUBLIC, a_device(tmp_path), later, 30 * DAY)
    for each in (adopted, Keyring.open(folder)):
        assert each.signing_key(later).kid == PUBLIC.kid
        # Partners trust only what a known key has signed, and learn the new one by it.
        assert each.document_key(later).kid == old
        assert each.document_key(later + 31 * DAY).kid == PUBLIC.kid
    assert stat.S_IMODE((folder / f"{PUBLIC.kid}.command").stat().st_mode) == 0o600
    signed = jose.sign(b"payload", typ=TYP, key=adopted.signing_key(later))
    found = jose.verify(signed, typ=TYP, find_key=lambda kid: adopted.public_key(kid, later))
    assert found.kid == PUBLIC.kid
    with pytest.raises(KeyringExists):
        adopted.adopt(PUBLIC, a_device(tmp_path), later, DAY)


def test_a_device_that_does_not_sign_with_that_key_is_not_adopted(keyring, folder, tmp_path):
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(SigningDeviceFailed):
        keyring.adopt(PUBLIC, a_device(tmp_path, OTHER_PEM), NOW, DAY)
    assert sorted(path.name for path in folder.iterdir()) == before
