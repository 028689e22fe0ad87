"""The worked example of the contract is what the code does, and another JOSE library takes its signatures."""

import json
from pathlib import Path

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from scripts.generated import filled
from scripts.wire_example import FOLDER, PAGE, PART, Example, made

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def example() -> Example:
    return made()


def test_the_files_are_current(example: Example):
    """If this fails: python -m scripts.wire_example."""
    assert {path.name: path.read_text("utf-8") for path in FOLDER.iterdir()} == example.files


def test_the_page_is_current(example: Example):
    page = (ROOT / PAGE).read_text("utf-8")
    assert filled(page, PART, example.text()) == page


def test_every_signature_holds_for_another_library(example: Example):
    keys = {
        node["sig"]["kid"]: ECKey.import_key({name: node["sig"][name] for name in ("kty", "crv", "x", "y")})
        for node in json.loads(example.files["keys.json"])["nodes"]
    }
    signed = [text.splitlines()[0] for name, text in example.files.items() if not name.endswith(".json")]
    assert len(signed) == 15
    for each in signed:
        kid = jws.extract_compact(each.encode()).headers()["kid"]
        jws.deserialize_compact(each, keys[kid], algorithms=["ES256"])


def test_the_second_run_keeps_the_signatures(example: Example):
    assert made().files == example.files


def test_a_thumbprint_is_that_of_another_library(example: Example):
    for node in json.loads(example.files["keys.json"])["nodes"]:
        for use in ("sig", "enc", "recovery"):
            key = ECKey.import_key({name: node[use][name] for name in ("kty", "crv", "x", "y")})
            assert key.thumbprint() == node[use]["kid"]
