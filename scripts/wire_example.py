"""Make the worked example of docs/protocol.md: two nodes exchange real bytes, kept in docs/wire-example/.

Run `python -m scripts.wire_example` after a change of the wire; a test compares. The nodes are in memory, everything between
them is what runs in production. ES256 signatures are random; one whose payload has not changed is kept.
"""

import hashlib
import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from adapters.keys.fingerprint import link_id
from exchange.admission import Desk
from exchange.codes import Item, MaritalStatus, PriorityLevel, Purpose, QueryReason, Result, Role, Sex
from exchange.exchanges import Direction, ExchangeKey, LoggedMessage
from exchange.ids import new_id
from exchange.jurisdiction import Category
from exchange.moments import default_as_of, format_moment, parse_moment
from exchange.partners import Partner, PartnerStatus
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef, Marriage, Person, Record
from exchange.reporting.frozen.upward import REPORT_TYPE
from exchange.terms.agreement import (
    DECISION_TYPES,
    PROPOSAL_TYPE,
    Agreement,
    DecisionWord,
    FieldRule,
    Party,
    RegisterComparison,
    RulesRef,
    write_terms,
)
from exchange.verbs import agree, deliver
from exchange.verbs.intake import exchange_of, read_arrivals
from exchange.verbs.receive import receive
from exchange.verbs.reporting.freeze import freeze
from exchange.verbs.reporting.send_report import sign_report
from exchange.wire import batch as wire
from exchange.wire import ijson
from exchange.wire.batch import BATCH_TYPE, RECEIPT_TYPE
from exchange.wire.message import (
    Confirmation,
    EmptyBody,
    Feedback,
    FeedbackBody,
    Message,
    Priority,
    Query,
    QueryBody,
    Reply,
    kind_of,
    write_message,
)
from exchange.wire.node import read_node_document
from scripts.generated import ROOT, fill
from scripts.wire_example_checks import checked
from scripts.wire_example_checks import shown as checks_shown
from scripts.wire_example_figures import compared
from scripts.wire_example_figures import shown as figures_shown
from scripts.wire_example_nodes import BEGIN, Pen, Side

FOLDER = ROOT / "docs" / "wire-example"
PAGE, PART = "docs/protocol.md", "wire-example"
XICHENG, WUCHANG = "110102", "420106"
REPORTED = "2026-04"
ITEMS = [Item.MARITAL_STATUS, Item.MARRIAGE]
EXCHANGE = "019caf10-0000-7000-8000-000000000001"


class Example:
    """The whole course, and the files that it leaves."""

    def __init__(self, pen: Pen) -> None:
        self.asker, self.asked = Side("xicheng", "西城示例节点", XICHENG, pen), Side("wuchang", "武昌示例节点", WUCHANG, pen)
        self.link = link_id(self.asker.node.name, self.asker.fingerprint, self.asked.node.name, self.asked.fingerprint)
        self.files: dict[str, str] = {}
        self._onboard()
        self._agree()
        query = self._ask()
        self._carry(self.asker, self.asked, BEGIN + timedelta(minutes=1))
        feedback = self._answer(query)
        self._carry(self.asked, self.asker, BEGIN + timedelta(days=3, minutes=1))
        self._confirm(feedback)
        self._carry(self.asker, self.asked, BEGIN + timedelta(days=4, minutes=1))
        self.files |= checked(self.asker, self.asked)
        self.files |= compared(self.asker, self.asked)
        self._report()

    def _onboard(self) -> None:
        shown = []
        for side, other in ((self.asker, self.asked), (self.asked, self.asker)):
            jws = self.files[f"{side.short}.node.jws"] = side.document() + "\n"
            shown.append(
                {"node": side.node.name, "fingerprint": side.fingerprint}
                | {use: {**key.public.jwk, "kid": key.kid} for use, key in side.keys.items()}
            )
            document = read_node_document(_payload(jws.strip()))
            ends = document.endpoints
            with other.ledgers.transaction() as ledger:
                ledger.links.add(self.link, side.node.name)
                ledger.partners.save(
                    Partner(
                        node=side.node.name,
                        name=side.node.title,
                        url=f"https://{side.node.name}",
                        status=PartnerStatus.ACTIVE,
                        environment="sandbox",
                        fingerprint=side.fingerprint,
                        document_version=1,
                        document_jws=jws,
                        token_endpoint=ends.token,
                        batches_endpoint=ends.batches,
                        agreements_endpoint=ends.agreements,
                        links_endpoint=ends.links,
                        claimed=(side.county,),
                        confirmed=(side.county,),
                        known_at=BEGIN,
                    )
                )
        self.files["keys.json"] = json.dumps({"link": self.link, "nodes": shown}, indent=1) + "\n"

    def _agree(self) -> None:
        terms = Agreement(
            id="019caf00-0000-7000-8000-00000000a9ee",
            version=1,
            parties=[Party(node=side.node.name, jurisdiction=side.county) for side in (self.asker, self.asked)],
            directions="both",
            kinds=["query"],
            purposes=[Purpose.PUBLIC_SERVICE, Purpose.CERTIFICATE_VERIFICATION],
            fields=[
                FieldRule(subject="query", purpose=Purpose.PUBLIC_SERVICE, items=ITEMS),
                FieldRule(subject="query", purpose=Purpose.CERTIFICATE_VERIFICATION, items=[Item.CERTIFICATE]),
            ],
            categories=[Category.MIGRANT],
            notes_allowed=False,
            register_comparison=RegisterComparison(),
            queries_per_day=None,
            limits=[],
            rules=RulesRef(version=self.asker.node.rules.version, digest=self.asker.node.rules.digest),
            valid_from=date(2026, 1, 1),
            valid_until=None,
            supersedes=None,
        )
        accepted = DecisionWord.ACCEPTED
        with self.asker.ledgers.transaction() as ours, self.asked.ledgers.transaction() as theirs:
            held = agree.propose(ours, self.asker.node, terms, BEGIN, self.asker.signer(PROPOSAL_TYPE))
            payload = write_terms(terms)
            agree.take_proposal(theirs, self.asked.node, _partner(theirs, self.asker), payload, held.proposal_jws, BEGIN)
            sign = self.asked.signer(DECISION_TYPES[accepted])
            decided = agree.decide(theirs, self.asked.node, held.digest, accepted, WUCHANG, BEGIN, sign)
            word = decided.decision_jws or ""
            agree.take_decision(ours, _partner(ours, self.asked), terms.id, accepted, _payload(word), word)
        self.files["agreement.jws"] = held.proposal_jws + "\n"
        self.files["acceptance.jws"] = word + "\n"

    def _ask(self) -> LoggedMessage:
        person = Person(
            name="示例·样本",
            document=DocumentRef(type=DocumentType.ID_NUMBER, number="42010619900307851X"),
            sex=Sex.MALE,
            birth_date=date(1990, 3, 7),
        )
        body = QueryBody(
            person=person,
            items=ITEMS,
            reason=QueryReason.REGISTER_ENTRY,
            record=Record(marital_status=MaritalStatus.UNMARRIED),
        )
        query = Query(**self._envelope(self.asker, 1, BEGIN, None), body=body)
        # The second one asks what the agreement does not allow, and is rejected without holding the first one up.
        refused = Query(
            **self._envelope(self.asker, 2, BEGIN, None) | {"exchange": EXCHANGE[:-1] + "2"},
            body=msgspec.structs.replace(body, items=[Item.ETHNICITY], record=None),
        )
        with self.asker.ledgers.transaction() as ledger:
            for message in (query, refused):
                desk = Desk(
                    node=self.asker.node,
                    partner=self.asked.node.name,
                    theirs=frozenset({WUCHANG}),
                    agreements=tuple(ledger.agreements.all()),
                    now=BEGIN,
                )
                terms = desk.opening(query, sending=True)
                key = ExchangeKey(_link(ledger, self.asked).id, message.exchange, Role.ASKER)
                ledger.exchanges.add([exchange_of(key, message, terms, own=XICHENG, other=WUCHANG, person_index="example")])
        self._queue(self.asker, self.asked, refused)
        return self._queue(self.asker, self.asked, query)

    def _answer(self, query: LoggedMessage) -> LoggedMessage:
        now = BEGIN + timedelta(days=3)
        record = Record(marital_status=MaritalStatus.FIRST_MARRIAGE, marriage=Marriage(date=date(2015, 5, 20)))
        message = Feedback(**self._envelope(self.asked, 3, now, query), body=FeedbackBody(result=Result.CORRECTED, record=record))
        return self._queue(self.asked, self.asker, message)

    def _confirm(self, feedback: LoggedMessage) -> None:
        now = BEGIN + timedelta(days=4)
        self._queue(self.asker, self.asked, Confirmation(**self._envelope(self.asker, 4, now, feedback), body=EmptyBody()))

    def _report(self) -> None:
        """Wuchang freezes the month in which its answer was due, and signs it for the other node."""
        side, as_of = self.asked, default_as_of(REPORTED)
        with side.ledgers.transaction() as ledger:
            frozen, _ = freeze(ledger, side.node, side.county, REPORTED, as_of + timedelta(minutes=90))
            signed_at = as_of + timedelta(hours=8)
            jws = sign_report(ledger, side.node, frozen.head.digest, self.asker.node.name, signed_at, side.signer(REPORT_TYPE))
        self.files[f"{side.short}.report.jws"] = jws + "\n"

    def _envelope(self, sender: Side, number: int, now: datetime, answered: LoggedMessage | None) -> dict[str, Any]:
        other = self.asked if sender is self.asker else self.asker
        return {
            "id": f"{new_id(now)[:14]}7000-8000-{number:012d}",
            "salt": ijson.b64url_encode(hashlib.sha256(f"salt {number}".encode()).digest()[:16]),
            "exchange": EXCHANGE,
            "in_reply_to": Reply(id=answered.id, digest=answered.digest) if answered else None,
            "from_": sender.county,
            "to": other.county,
            "origin": WUCHANG,
            "destination": XICHENG,
            "created_at": format_moment(now),
            "purpose": Purpose.PUBLIC_SERVICE,
            "priority": Priority(level=PriorityLevel.NORMAL),
        }

    def _queue(self, sender: Side, other: Side, message: Message) -> LoggedMessage:
        line = write_message(message)
        with sender.ledgers.transaction() as ledger:
            logged = LoggedMessage(
                link=_link(ledger, other).id,
                direction=Direction.OUT,
                id=message.id,
                exchange=message.exchange,
                kind=kind_of(message),
                digest=ijson.digest(line),
                line=line,
                in_reply_to=message.in_reply_to.id if message.in_reply_to else None,
                created_at=parse_moment(message.created_at),
                result=message.body.result if isinstance(message, Feedback) else None,
            )
            ledger.messages.add([logged])
        return logged

    def _carry(self, sender: Side, receiver: Side, now: datetime) -> None:
        with sender.ledgers.transaction() as ledger:
            outgoing = deliver.cut(ledger, sender.node, receiver.node.name, now, sender.signer(BATCH_TYPE))
        if outgoing is None:
            raise ValueError("nothing waits")
        jws, lines = wire.split(outgoing.data)
        payload, arrived = _payload(jws), now + timedelta(milliseconds=250)
        manifest = wire.read_manifest(payload)
        with receiver.ledgers.transaction() as ledger:
            answer = receive(
                ledger,
                receiver.node,
                _partner(ledger, sender),
                manifest,
                jws,
                ijson.digest(payload),
                read_arrivals(receiver.node, manifest, lines),
                arrived,
                receiver.signer(RECEIPT_TYPE),
            )
        receipt = _payload(answer)
        with sender.ledgers.transaction() as ledger:
            read = wire.read_receipt(receipt)
            deliver.settle(ledger, sender.node, receiver.node.name, read, answer, ijson.digest(receipt), arrived)
        name = f"{sender.short}-{outgoing.sequence}"
        self.files[f"{name}.batch.ndjson"] = outgoing.data.decode()
        self.files[f"{name}.receipt.jws"] = answer + "\n"

    def text(self) -> str:
        """The part of the page."""
        shown = [
            ("xicheng.node.jws", "xicheng.example 的节点文件 · its node document"),
            ("agreement.jws", "协议提案 · the proposal"),
            ("acceptance.jws", "接受 · the acceptance"),
            ("xicheng-1.batch.ndjson", "西城第 1 批：两条协查 · Xicheng's batch 1: two queries"),
            ("xicheng-1.receipt.jws", "武昌的回执：一条接收，一条退回 · Wuchang's receipt: one accepted, one rejected"),
            ("wuchang-1.batch.ndjson", "武昌第 1 批：反馈 · Wuchang's batch 1: the feedback"),
            ("wuchang-1.receipt.jws", "西城的回执 · Xicheng's receipt"),
            ("xicheng-2.batch.ndjson", "西城第 2 批：确认 · Xicheng's batch 2: the confirmation"),
            ("xicheng-2.receipt.jws", "武昌的回执 · Wuchang's receipt"),
        ]
        lines = [
            "| | xicheng.example | wuchang.example |",
            "|---|---|---|",
            *(
                f"| `kid` {use} | `{self.asker.keys[use].kid}` | `{self.asked.keys[use].kid}` |"
                for use in ("sig", "enc", "recovery")
            ),
            f"| fingerprint | `{self.asker.fingerprint}` | `{self.asked.fingerprint}` |",
            "",
            f"`link`: `{self.link}`",
        ]
        for name, title in shown:
            first, *rest = self.files[name].splitlines()
            payload = _payload(first)
            lines += ["", f"**{title}** ([{name}](wire-example/{name}))", "", "```text", payload.decode()]
            lines += [f"digest of the payload   {ijson.digest(payload)}"]
            for number, line in enumerate(rest, start=2):
                lines += ["", line, f"digest of line {number}        {ijson.digest(line.encode())}"]
            lines += ["```"]
        return "\n".join([*lines, *checks_shown(self.files), *figures_shown(self.files)])


def _payload(jws: str) -> bytes:
    return ijson.b64url_decode(jws.split(".")[1])


def _link(ledger: Any, other: Side) -> Any:
    return ledger.links.of(other.node.name)


def _partner(ledger: Any, other: Side) -> Partner:
    partner: Partner = ledger.partners.get(other.node.name)
    return partner


def made(folder: Path = FOLDER) -> Example:
    """The example, with the signatures of the folder's files where their payloads are still the same."""
    pen = Pen()
    for path in sorted(folder.glob("*.jws")) + sorted(folder.glob("*.ndjson")):
        pen.learn(path.read_text("utf-8"))
    return Example(pen)


def main() -> None:
    """Write the files and the part of the page."""
    example = made()
    FOLDER.mkdir(exist_ok=True)
    for name, text in example.files.items():
        (FOLDER / name).write_text(text, "utf-8")
    fill(PAGE, PART, example.text())


if __name__ == "__main__":
    main()
