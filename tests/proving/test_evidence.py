"""What the stand-alone verifier makes of real evidence, and of evidence that was tampered with."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.keys.jose import sign, thumbprint
from adapters.keys.keyring import Keyring
from adapters.node_document import NodeDocuments
from exchange.codes import Kind
from exchange.exchanges import NoteKept
from exchange.moments import format_moment
from exchange.proving.file import EVIDENCE_TYPE, write_file
from exchange.terms.agreement import DECISION_TYPES, DecisionWord
from exchange.verbs.agree import decide
from exchange.wire import ijson
from tests.api.nodes import served
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, a_person
from tests.life.two_nodes import a_node
from tests.proving.making import SCRIPT, VERIFIER, as_others_do, documents, evidence, judged, parts_of, resealed


def test_the_verifier_uses_nothing_of_woshou():
    imports = [line for line in SCRIPT.read_text("utf-8").splitlines() if line.startswith(("import ", "from "))]
    ours = ("exchange", "adapters", "api", "jobs", "woshou", "jose")
    assert [line for line in imports if line.split()[1].split(".")[0] in ours] == []


def test_evidence_of_either_side_holds_for_somebody_who_has_nothing_else(week, tmp_path: Path):
    for office in (week.office, week.pair.nodes.wuchang.office):
        for exchange in (week.confirmed, week.challenged):
            path = tmp_path / f"{office.node.name}-{exchange}.json"
            path.write_bytes(evidence(office, exchange))
            ran = as_others_do(path, *documents(tmp_path, week.office, week.pair.nodes.wuchang.office), "--json")
            assert ran.returncode == 0, ran.stdout + ran.stderr
            assert json.loads(ran.stdout)["verdict"] == "holds"


def test_keys_that_the_file_itself_states_prove_nothing_and_the_process_says_so(week, tmp_path: Path):
    path = tmp_path / "evidence.json"
    path.write_bytes(evidence(week.office, week.confirmed))
    for words in ([], documents(tmp_path, week.office)):
        ran = as_others_do(path, *words)
        assert ran.returncode == 3, ran.stdout + ran.stderr
        assert "PROVEN query" not in ran.stdout
        assert "已证明" not in ran.stdout
        assert "the keys of wuchang.example: are those that the file itself states" in ran.stdout
        assert "HOLDS WITH DOUBTS；密钥只是本文件自己所述 the keys are those that the file itself states" in ran.stdout
        assert json.loads(as_others_do(path, *words, "--json").stdout)["verdict"] == "doubtful"


def test_it_says_in_both_languages_what_is_proven_and_what_is_not(week, tmp_path: Path):
    path = tmp_path / "evidence.json"
    path.write_bytes(evidence(week.office, week.challenged))
    said = as_others_do(path, *documents(tmp_path, week.office, week.pair.nodes.wuchang.office)).stdout
    assert said.count("✔ 已证明 PROVEN query") == 1
    assert said.count("✔ 已证明 PROVEN feedback") == 2
    assert "accepted by the other side at 2026-03-02T01:00:00.000Z, due 2026-04-01" in said
    assert "— 不证明 NOT PROVEN 内容是否属实" in said
    assert "proposed by xicheng.example, accepted by wuchang.example" in said
    assert said.splitlines()[-1] == "✔ 成立 HOLDS"


def test_what_was_erased_is_told_and_its_digest_stands(week):
    lines = VERIFIER.verify(evidence(week.office, week.withdrawn))
    erased = [en for kind, _, en in lines if kind == "erased"]
    assert len(erased) == 3
    assert all("erased; its digest stands" in en for en in erased)


def test_a_message_without_its_erased_note_is_no_proof_and_what_stands_of_it_is_its_digest(week):
    """What is left of its line is not what was signed: a file that held it would prove nothing at all."""
    with week.office.ledgers.transaction() as ledger:
        (exchange,) = ledger.exchanges.named(week.challenged)
        log = ledger.messages.of_exchanges(exchange.key.link, [week.challenged])[week.challenged]
        noted = next(message for message in log if message.kind is Kind.CHALLENGE)
        ledger.messages.save([replace(noted, line=b"{}", note=NoteKept.ERASED)])
    try:
        data = evidence(week.office, week.challenged)
        bare = evidence(week.office, week.challenged, bodies=False)
    finally:
        with week.office.ledgers.transaction() as ledger:
            ledger.messages.save([noted])
    (row,) = [row for row in parts_of(data)["messages"] if row["id"] == noted.id]
    assert (row["body"], row["line"], row["digest"]) == ("erased", None, noted.digest)
    known = [office.documents.current() for office in (week.office, week.pair.nodes.wuchang.office)]
    assert (judged(data, *known), judged(bare, *known)) == ("holds", "holds")


def test_without_bodies_it_names_nobody_and_holds_all_the_same(week):
    data = evidence(week.office, week.challenged, bodies=False)
    assert judged(data, *(office.documents.current() for office in (week.office, week.pair.nodes.wuchang.office))) == "holds"
    assert a_person().name not in data.decode()
    assert a_person().name in evidence(week.office, week.challenged).decode()
    assert '"salt"' not in data.decode()


def test_documents_that_were_fetched_elsewhere_are_believed_instead_of_the_file(week, file: bytes, tmp_path: Path):
    ours, theirs = (office.documents.current() for office in (week.office, week.pair.nodes.wuchang.office))
    assert judged(file, ours, theirs) == "holds"
    with served(tmp_path / "twin", a_node(WUCHANG_NODE, WUCHANG), week.pair.nodes.wuchang.clock) as twin:
        assert judged(file, ours, twin.office.documents.current()) == "unknown-key"


def test_an_agreement_that_was_ended_since_is_proven_still(week):
    """It ends the agreement, and restores nothing: what is open can always be answered."""
    office = week.office
    with office.ledgers.transaction() as ledger:
        (held,) = ledger.agreements.all(WUCHANG_NODE)
        signer = office.signer(DECISION_TYPES[DecisionWord.ENDED])
        decide(ledger, office.node, held.digest, DecisionWord.ENDED, XICHENG, office.now(), signer)
    lines = VERIFIER.verify(evidence(office, week.confirmed))
    assert [en for kind, _, en in lines if kind == "by-file" and "the agreement: proposed by" in en] != []


@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_any_flipped_bit_is_found(file: bytes, where: float, bit: int):
    data = bytearray(file)
    data[int(where * len(data))] ^= 1 << bit
    assert judged(bytes(data)) not in ("holds", "doubtful")


@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 5), part=st.sampled_from(["manifest", "receipt", "line"]))
def test_a_flipped_bit_in_a_signed_or_digested_thing_is_found_under_a_seal_that_holds(
    week, file: bytes, where: float, bit: int, part: str
):
    parts = parts_of(file)
    rows = [row for row in (*parts["batches"], *parts["messages"]) if row.get(part)]
    row = rows[int(where * len(rows))]
    text = bytearray(row[part].encode())
    place = int(where * 7919 * len(text)) % len(text)
    text[place] ^= 1 << bit
    row[part] = text.decode("utf-8", "replace")
    assert judged(resealed(week.office, file, **parts)) not in ("holds", "doubtful")


def _without_a_batch(parts):
    del parts["batches"][1]


def _without_the_last_batch_of_a_log(parts):
    del parts["batches"][-1]


def _without_a_question(parts):
    parts["messages"] = [row for row in parts["messages"] if row["kind"] != "challenge"]


def _without_the_opening(parts):
    parts["messages"] = [row for row in parts["messages"] if row["kind"] != "query"]


def _twice(parts):
    parts["messages"].append(parts["messages"][0])


def _another_line(parts):
    parts["messages"][0]["line"] = parts["messages"][1]["line"]


def _another_place(parts):
    parts["messages"][0]["position"] += 1


def _no_place(parts):
    parts["messages"][0]["position"] = -1


def _another_kind(parts):
    parts["messages"][0]["kind"] = "notice"


def _another_receipt(parts):
    ours = [batch for batch in parts["batches"] if batch["sender"] == XICHENG_NODE and batch["receipt"]]
    ours[0]["receipt"], ours[1]["receipt"] = ours[1]["receipt"], ours[0]["receipt"]


def _another_batch(parts):
    ours = [batch for batch in parts["batches"] if batch["sender"] == XICHENG_NODE]
    ours[0]["manifest"] = ours[1]["manifest"]


def _another_link(parts):
    parts["exchange"]["link"] = "019caf00-0000-8000-8000-00000000abce"


def _another_county(parts):
    parts["exchange"]["asked"]["jurisdiction"] = "420102"


def _another_purpose(parts):
    parts["exchange"]["purpose"] = "benefit"


def _another_exchange(parts):
    parts["exchange"]["id"] = "019caf00-0000-7000-8000-00000000abce"


def _the_proposal_for_the_acceptance(parts):
    parts["agreement"]["acceptance"] = parts["agreement"]["proposal"]


def _a_document_of_the_other_node(parts):
    nodes = parts["nodes"]
    nodes[XICHENG_NODE], nodes[WUCHANG_NODE] = nodes[WUCHANG_NODE], nodes[XICHENG_NODE]


def _a_node_that_is_no_party(parts):
    parts["nodes"]["third.example"] = parts["nodes"][WUCHANG_NODE]


def _no_keys_of_the_other(parts):
    del parts["nodes"][WUCHANG_NODE]


def _a_part_is_gone(parts):
    del parts["batches"][0]["receipt"]


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (_without_a_batch, "chain-cut"),
        (_without_the_last_batch_of_a_log, "chain-cut"),
        (_without_a_question, "reply-to-nothing"),
        (_without_the_opening, "reply-to-nothing"),
        (_twice, "message-twice"),
        (_another_line, "line-altered"),
        (_another_place, "not-in-batch"),
        (_no_place, "not-in-batch"),
        (_another_kind, "wrong-message"),
        (_another_receipt, "wrong-receipt"),
        (_another_batch, "wrong-batch"),
        (_another_link, "wrong-batch"),
        (_another_county, "wrong-message"),
        (_another_purpose, "wrong-message"),
        (_another_exchange, "other-exchange"),
        (_the_proposal_for_the_acceptance, "wrong-header"),
        (_a_document_of_the_other_node, "wrong-nodes"),
        (_a_node_that_is_no_party, "wrong-nodes"),
        (_no_keys_of_the_other, "wrong-nodes"),
        (_a_part_is_gone, "malformed"),
    ],
)
def test_each_lie_of_the_node_that_seals_the_file_is_refused_for_its_reason(week, file: bytes, tamper, reason: str):
    parts = parts_of(file)
    tamper(parts)
    assert judged(resealed(week.office, file, **parts)) == reason


def test_a_part_changed_by_somebody_else_breaks_the_seal(file: bytes):
    whole = json.loads(file)
    whole["parts"]["exchange"]["purpose"] = "benefit"
    assert judged((json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()) == "part-altered"


def test_a_message_of_another_exchange_is_refused(week, file: bytes):
    strange = parts_of(evidence(week.office, week.confirmed))["messages"][0]
    parts = parts_of(file)
    parts["messages"].append(strange)
    assert judged(resealed(week.office, file, **parts)) == "other-exchange"


def test_a_batch_between_that_concerns_nothing_of_it_cannot_be_left_out(week):
    data = evidence(week.office, week.confirmed)
    parts = parts_of(data)
    between = [batch for batch in parts["batches"] if batch["receipt"] is None]
    assert [batch["sender"] for batch in between] == [XICHENG_NODE]
    parts["batches"].remove(between[0])
    assert judged(resealed(week.office, data, **parts)) == "chain-cut"


def test_a_receipt_that_leaves_a_message_out_is_refused_though_its_node_signed_it(week, file: bytes):
    parts = parts_of(file)
    batch = next(batch for batch in parts["batches"] if batch["sender"] == XICHENG_NODE and batch["receipt"])
    receipt = json.loads(ijson.b64url_decode(batch["receipt"].split(".")[1]))
    assert len(receipt["receipts"]) == 3
    theirs = week.pair.nodes.wuchang.office.signer("mx-receipt+jws")
    batch["receipt"] = theirs(ijson.dumps({**receipt, "receipts": receipt["receipts"][:2]}))
    assert judged(resealed(week.office, file, **parts)) == "wrong-receipt"


def test_keys_of_a_twin_do_not_verify_what_the_real_node_signed(week, file: bytes, tmp_path: Path):
    clock = week.pair.nodes.wuchang.clock
    folder = tmp_path / "twin"
    folder.mkdir()
    keyring = Keyring.create(folder / "keys", clock.now())
    twin = NodeDocuments(folder, a_node(WUCHANG_NODE, WUCHANG), "http://127.0.0.1:8001", clock, keyring)
    parts = parts_of(file)
    parts["nodes"][WUCHANG_NODE] = {"document": twin.current(), "keys": []}
    assert judged(resealed(week.office, file, **parts)) == "unknown-key"


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"\xff", b'{"format": "woshou-evidence-2", "parts": {}, "seal": ""}\n'])
def test_what_is_no_evidence_at_all_is_refused(text: bytes):
    assert judged(text) in ("not-json", "unknown-format")


def test_what_a_revoked_key_signed_is_doubtful_and_the_process_says_so(week, tmp_path: Path):
    """At the end of this module: it revokes a key of the node."""
    keyring, now = week.office.keyring, week.office.now()
    old = keyring.signing_key(now).kid
    since = now - timedelta(days=1)
    keyring.rotate(now, timedelta(days=30))
    week.pair.pass_days(0.01)
    week.office.keyring.revoke(old, since, "lost")
    path = tmp_path / "evidence.json"
    path.write_bytes(evidence(week.office, week.challenged))
    ran = as_others_do(path, *documents(tmp_path, week.office, week.pair.nodes.wuchang.office))
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert "HOLDS WITH DOUBTS" in ran.stdout
    assert f"its key is revoked from {format_moment(since)[:16]}" in ran.stdout
    doubtful = [line for line in ran.stdout.splitlines() if "DOUBTFUL" in line]
    # Of four batches and their receipts, what was signed before is still believed.
    assert len(doubtful) == 1
    assert "receipt for batch 3" in doubtful[0]


def test_an_old_key_that_its_node_lists_no_longer_is_told_to_be_the_makers_word(week):
    """After the one above, which has made a new key."""
    office = week.office
    data = evidence(office, week.confirmed)
    parts = parts_of(data)
    now = office.now()
    document = json.loads(ijson.b64url_decode(parts["nodes"][XICHENG_NODE]["document"].split(".")[1]))
    newest = office.keyring.signing_key(now)
    kept = [row for row in document["keys"] if row["use"] == "enc" or thumbprint(row["jwk"]) == newest.kid]
    assert len(kept) < len(document["keys"])
    payload = ijson.dumps({**document, "keys": kept, "revoked": [], "issued_at": format_moment(now)})
    parts["nodes"][XICHENG_NODE]["document"] = sign(payload, typ="mx-node+jws", key=newest)
    lines = VERIFIER.verify(resealed(office, data, **parts))
    assert [zh for kind, zh, _ in lines if kind == "stated" and "旧密钥仅由存证制作方证明" in zh] != []
    parts["nodes"][XICHENG_NODE]["keys"] = []
    assert judged(resealed(office, data, **parts)) == "unknown-key"


def test_what_was_signed_after_a_key_had_expired_is_refused(week):
    """The last: it ends the key."""
    office, now = week.office, week.office.now()
    old = office.keyring.signing_key(now)
    office.keyring.rotate(now, timedelta(0))
    week.pair.pass_days(0.01)
    held = parts_of(evidence(office, week.confirmed))
    late = write_file(held, XICHENG_NODE, office.now(), lambda payload: sign(payload, typ=EVIDENCE_TYPE, key=old))
    assert judged(late) == "key-out-of-time"
