"""Which keyed hash a node's blind index is made by."""

import json
from datetime import timedelta

import pytest

from adapters.keys.keyring import Keyring
from tests.keys.forge import NOW


@pytest.mark.parametrize("suite", ["aes", "sm"])
def test_the_hash_of_the_blind_index_stays_what_it_was_when_the_node_was_made(tmp_path, suite):
    made = Keyring.create(tmp_path / "keys", NOW, suite)
    other = made.rotate(NOW, timedelta(days=1)).revoke(made.signing_key(NOW).kid, since=NOW, reason="lost")
    assert (made.index.blind_index, other.index.blind_index, Keyring.open(tmp_path / "keys").index.blind_index) == (suite,) * 3


def test_a_folder_from_before_there_was_a_choice_has_an_index_of_sha_256(keyring, folder):
    written = json.loads((folder / "keyring.json").read_text())
    del written["blind_index"]
    (folder / "keyring.json").write_text(json.dumps(written))
    assert Keyring.open(folder).index.blind_index == "aes"
