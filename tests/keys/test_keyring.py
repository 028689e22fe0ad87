import json
import multiprocessing
import os
import stat
from datetime import timedelta

import msgspec
import pytest

from adapters.keys import jose
from adapters.keys.errors import (
    KeyringDamaged,
    KeyringExists,
    KeyringMissing,
    KeysExposed,
    NoUsableKey,
    UnknownOwnKey,
    UnusableKey,
)
from adapters.keys.keyring import Keyring, fingerprint
from exchange.moments import format_moment
from exchange.wire.node import PublishedKey
from tests.keys.forge import NOW, OTHER_PEM
from tests.keys.forge import TYP as TYPE

DAY = timedelta(days=1)
MOMENT = timedelta(milliseconds=1)


def kids(keyring, use):
    return [key.public.kid for key in keyring.index.keys if key.use == use]


def modes(folder):
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.iterdir()]}


def files(folder):
    return {path.name for path in folder.iterdir() if path.name != ".lock"}


def test_a_new_node_has_a_signing_an_encryption_and_a_recovery_key(keyring, folder):
    (sig,), (enc,) = kids(keyring, "sig"), kids(keyring, "enc")

    assert len({sig, enc, keyring.recovery_kid}) == 3
    assert files(folder) == {"keyring.json", f"{sig}.pem", f"{enc}.pem", "recovery.pem", "blind-index.key"}
    assert keyring.signing_key(NOW).kid == keyring.document_key(NOW).kid == sig
    assert keyring.public_documents() == [
        {"jwk": key.public.jwk, "use": key.use, "not_before": format_moment(NOW), "not_after": None} for key in keyring.index.keys
    ]
    assert keyring.revoked == []
    assert len(keyring.blind_index_key) == 32


def test_only_the_owner_may_touch_the_folder_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        Keyring.create(tmp_path / "keys", NOW).rotate(NOW, DAY)
    finally:
        os.umask(before)

    made = modes(tmp_path / "keys")
    assert made.pop("keys") == 0o700
    assert set(made.values()) == {0o600}


def test_what_was_made_is_what_is_opened(keyring, folder):
    again = Keyring.open(folder)

    assert again == keyring
    jws = jose.sign(b"{}", typ=TYPE, key=again.signing_key(NOW))
    assert jose.verify(jws, typ=TYPE, find_key=lambda kid: keyring.public_key(kid, NOW)).payload == b"{}"


def test_a_keyring_shows_no_secret(keyring, folder):
    text = repr(keyring)

    assert repr(keyring.blind_index_key) not in text
    assert "PrivateKey" not in text
    assert "PRIVATE" not in (folder / "keyring.json").read_text()
    assert '"d"' not in (folder / "keyring.json").read_text()


@pytest.mark.parametrize("name", ["keyring.json", "something"])
def test_nothing_is_written_over_what_is_there(folder, tmp_path, name):
    folder.mkdir()
    (folder / name).write_text("mine")

    with pytest.raises(KeyringExists):
        Keyring.create(folder, NOW)
    assert (folder / name).read_text() == "mine"
    assert list(tmp_path.iterdir()) == [folder]


def test_a_file_in_the_place_of_the_folder_stays(folder):
    folder.write_text("mine")

    with pytest.raises(KeyringExists):
        Keyring.create(folder, NOW)
    assert folder.read_text() == "mine"


def test_an_empty_folder_is_taken(folder):
    folder.mkdir(mode=0o755)

    Keyring.create(folder, NOW)

    assert modes(folder)["keys"] == 0o700


def test_of_two_creations_at_once_one_wins_and_is_whole(tmp_path):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        outcomes = pool.starmap(create_quietly, [(tmp_path / "keys",)] * 2, chunksize=1)

    assert sorted(outcomes) == ["exists", "made"]
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]
    assert Keyring.open(tmp_path / "keys").signing_key(NOW) is not None


def create_quietly(folder):
    try:
        Keyring.create(folder, NOW)
    except KeyringExists:
        return "exists"
    return "made"


def test_without_a_folder_there_are_no_keys(folder):
    with pytest.raises(KeyringMissing):
        Keyring.open(folder)


def test_keys_that_vanish_under_a_running_process_are_missed(keyring, folder):
    (folder / "keyring.json").unlink()

    with pytest.raises(KeyringMissing):
        keyring.refreshed()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
@pytest.mark.parametrize("name", ["keyring.json", "blind-index.key", "sig", "enc"])
def test_files_that_others_may_touch_are_not_used(keyring, folder, name, mode):
    path = folder / (f"{kids(keyring, name)[0]}.pem" if name in ("sig", "enc") else name)
    path.chmod(mode)

    with pytest.raises(KeysExposed) as refusal:
        Keyring.open(folder)
    assert path.name in refusal.value.en
    assert "chmod 600" in refusal.value.zh


def test_a_folder_that_others_may_enter_is_not_used(keyring, folder):
    folder.chmod(0o750)

    with pytest.raises(KeysExposed, match="chmod 700"):
        Keyring.open(folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("keyring.json", b""),
        ("keyring.json", b"{"),
        ("keyring.json", b'{"format":2,"keys":[],"revoked":[],"recovery":{}}'),
        ("keyring.json", b'{"format":1,"keys":[],"revoked":[],"recovery":{}}'),
        ("blind-index.key", b"short"),
        ("blind-index.key", None),
        ("sig", b"no key"),
        ("sig", OTHER_PEM),
        ("sig", None),
        ("enc", None),
        ("enc", OTHER_PEM),
    ],
)
def test_a_damaged_folder_says_which_file(keyring, folder, name, content):
    path = folder / (f"{kids(keyring, name)[0]}.pem" if name in ("sig", "enc") else name)
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)

    with pytest.raises(KeyringDamaged) as refusal:
        Keyring.open(folder)
    assert refusal.value.file == path.name


def test_a_new_key_signs_at_once_and_the_old_one_stays_valid_for_the_overlap(keyring):
    old = keyring.signing_key(NOW).kid
    rotated = keyring.rotate(NOW + DAY, timedelta(days=7))
    new = rotated.signing_key(NOW + DAY).kid
    end = NOW + timedelta(days=8)

    assert new != old
    assert rotated.public_key(old, end - MOMENT)
    assert rotated.public_key(old, end) is None
    assert rotated.public_key(new, NOW + DAY - MOMENT) is None
    assert rotated.public_key(new, end)
    assert rotated.signing_key(NOW + 100 * DAY).kid == new


def test_the_node_document_is_signed_by_the_key_that_partners_know_until_it_ends(keyring):
    old = keyring.signing_key(NOW).kid
    rotated = keyring.rotate(NOW, DAY).rotate(NOW + DAY / 2, 7 * DAY)
    first, second, third = kids(rotated, "sig")

    assert first == old
    assert rotated.document_key(NOW + DAY / 2).kid == first
    assert rotated.document_key(NOW + DAY).kid == second
    assert rotated.document_key(NOW + 8 * DAY).kid == third
    assert rotated.signing_key(NOW + DAY / 2).kid == third


def test_a_second_rotation_never_lengthens_a_life(keyring):
    first = keyring.rotate(NOW, DAY)
    second = first.rotate(NOW + DAY / 2, 30 * DAY)

    ends = [(key.use, key.not_after) for key in second.index.keys]
    later = NOW + DAY / 2 + 30 * DAY
    assert ends == [
        ("sig", NOW + DAY),
        ("enc", NOW + DAY),
        ("sig", later),
        ("enc", later),
        ("sig", None),
        ("enc", None),
    ]


def test_one_use_can_be_rotated_alone(keyring):
    rotated = keyring.rotate(NOW, DAY, uses=("enc",))

    assert kids(rotated, "sig") == kids(keyring, "sig")
    assert len(kids(rotated, "enc")) == 2
    assert rotated.public_documents()[0] == keyring.public_documents()[0]


def test_public_halves_stay_for_ever_and_private_halves_of_ended_signing_keys_go(keyring, folder):
    first_sig, first_enc = kids(keyring, "sig")[0], kids(keyring, "enc")[0]
    rotated = keyring.rotate(NOW, DAY)
    assert f"{first_sig}.pem" in files(folder)

    again = rotated.rotate(NOW + 2 * DAY, DAY)

    assert f"{first_sig}.pem" not in files(folder)
    assert f"{first_enc}.pem" in files(folder)
    assert [row["jwk"] for row in again.public_documents()][:2] == [row["jwk"] for row in keyring.public_documents()]
    assert again.public_key(first_sig, NOW)
    assert Keyring.open(folder) == again


def test_an_overlap_is_not_negative(keyring):
    with pytest.raises(ValueError, match="overlap"):
        keyring.rotate(NOW, -MOMENT)


def test_a_running_process_sees_what_another_changed(keyring, folder):
    assert keyring.refreshed() is keyring

    rotated = Keyring.open(folder).rotate(NOW, DAY)

    assert keyring.refreshed() == rotated
    assert keyring.refreshed().signing_key(NOW).kid != keyring.signing_key(NOW).kid


def test_two_processes_that_rotate_at_once_lose_no_key(keyring, folder):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(rotate_five_times, [folder, folder], chunksize=1)

    held = Keyring.open(folder)
    assert (len(kids(held, "sig")), len(kids(held, "enc"))) == (11, 11)
    assert [key.not_after for key in held.index.keys].count(None) == 2


def rotate_five_times(folder):
    for _ in range(5):
        Keyring.open(folder).rotate(NOW, DAY)


class Crash(BaseException):
    """The process dies here; nothing may catch it."""


def crash_at_replace(monkeypatch, name):
    """Die when the file is about to get its name, as after a power cut: the draft may stay, the name keeps its file."""
    replace = os.replace

    def dying(source, target, **kwargs):
        if os.path.basename(target) == name or name == "*":
            raise Crash
        return replace(source, target, **kwargs)

    monkeypatch.setattr(os, "replace", dying)


@pytest.mark.parametrize("name", ["keyring.json", "*"])
def test_a_crash_while_rotating_leaves_the_old_keys(keyring, folder, monkeypatch, name):
    crash_at_replace(monkeypatch, name)
    with pytest.raises(Crash):
        keyring.rotate(NOW, DAY)
    monkeypatch.undo()

    assert Keyring.open(folder) == keyring
    assert len(kids(keyring.rotate(NOW, DAY), "sig")) == 2


@pytest.mark.parametrize("name", ["keyring.json", "recovery.pem", "blind-index.key", "*"])
def test_a_crash_while_creating_leaves_nothing_in_the_way(folder, monkeypatch, name):
    crash_at_replace(monkeypatch, name)
    with pytest.raises(Crash):
        Keyring.create(folder, NOW)
    monkeypatch.undo()

    assert not folder.exists()
    assert Keyring.create(folder, NOW).signing_key(NOW) is not None


def test_a_revoked_key_signs_no_more_and_its_evidence_before_stays(keyring):
    rotated = keyring.rotate(NOW, 30 * DAY)
    old, new = kids(rotated, "sig")
    revoked = rotated.revoke(old, NOW + DAY, "compromised")

    assert revoked.document_key(NOW + DAY - MOMENT).kid == old
    assert revoked.document_key(NOW + DAY).kid == new
    assert revoked.public_key(old, NOW + DAY - MOMENT)
    assert revoked.public_key(old, NOW + DAY) is None
    assert revoked.revoked == [{"kid": old, "from": format_moment(NOW + DAY), "reason": "compromised"}]
    assert old in [jose.thumbprint(row["jwk"]) for row in revoked.public_documents()]


def test_a_revocation_can_only_move_earlier(keyring):
    kid = kids(keyring, "enc")[0]
    revoked = keyring.revoke(kid, NOW, "lost").revoke(kid, NOW + DAY, "later").revoke(kid, NOW - DAY, "stolen")

    assert revoked.revoked == [{"kid": kid, "from": format_moment(NOW - DAY), "reason": "stolen"}]


def test_only_own_keys_are_revoked_with_a_reason(keyring):
    with pytest.raises(UnknownOwnKey):
        keyring.revoke("a" * 43, NOW, "lost")
    for reason in ("", "x" * 101):
        with pytest.raises(ValueError, match="reason"):
            keyring.revoke(kids(keyring, "sig")[0], NOW, reason)


def test_without_a_valid_key_nothing_is_signed(keyring):
    revoked = keyring.revoke(kids(keyring, "sig")[0], NOW, "lost").revoke(kids(keyring, "enc")[0], NOW, "lost")

    for ask in (revoked.signing_key, revoked.document_key, revoked.fingerprint):
        with pytest.raises(NoUsableKey):
            ask(NOW)
    with pytest.raises(NoUsableKey):
        keyring.signing_key(NOW - MOMENT)


def test_the_newest_encryption_key_is_the_one_to_be_used(keyring):
    rotated = keyring.rotate(NOW + DAY, DAY)
    old, new = kids(rotated, "enc")

    assert rotated.newest_encryption_kid(NOW + DAY - MOMENT) == old
    assert rotated.newest_encryption_kid(NOW + DAY) == new
    with pytest.raises(NoUsableKey, match="encryption"):
        rotated.newest_encryption_kid(NOW - MOMENT)


def test_an_encryption_key_is_held_after_its_end_and_found_by_its_id_alone(keyring):
    rotated = keyring.rotate(NOW, DAY)
    old, new = kids(rotated, "enc")

    assert [rotated.encryption_private(kid).kid for kid in (old, new)] == [old, new]
    for kid in (kids(rotated, "sig")[0], "../keys/recovery", ""):
        with pytest.raises(UnknownOwnKey):
            rotated.encryption_private(kid)


def test_the_fingerprint_covers_document_key_newest_encryption_key_and_recovery(keyring):
    rotated = keyring.rotate(NOW, DAY)

    assert keyring.fingerprint(NOW) == fingerprint(kids(keyring, "sig")[0], kids(keyring, "enc")[0], keyring.recovery_kid)
    assert rotated.fingerprint(NOW) == fingerprint(kids(rotated, "sig")[0], kids(rotated, "enc")[1], keyring.recovery_kid)


def test_the_recovery_key_goes_offline_and_can_come_back(keyring, folder):
    assert keyring.recovery_still_here
    pem = (folder / "recovery.pem").read_bytes()
    (folder / "recovery.pem").unlink()

    assert not keyring.recovery_still_here
    back = Keyring.open(folder).recovery_private(pem)
    assert back.kid == keyring.recovery_kid == back.public.kid
    with pytest.raises(UnusableKey):
        keyring.recovery_private(OTHER_PEM)


def test_the_listed_keys_fit_the_node_document(keyring):
    rows = keyring.rotate(NOW, DAY).public_documents()

    assert len(msgspec.json.decode(json.dumps(rows), type=list[PublishedKey])) == 4
