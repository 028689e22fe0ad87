"""验证握手节点的存证文件 · Verify the evidence file of a Woshou node.

    python verify_evidence.py evidence.json --document xicheng.jws --document wuchang.jws --json

需要 Python 3.11 与 joserfc，不需要握手软件。`--document` 是自行从 https://节点/.well-known/migrant-exchange 取得的节点文件：
给出后，密钥以它为准；未为双方都给出时，密钥只是本文件自己所述，谁都可以伪造：至多“成立但有存疑”，须自行核对所列指纹。
Needs Python 3.11 and joserfc, and nothing of Woshou. `--document` is a node document that you fetched yourself from
https://node/.well-known/migrant-exchange: keys are judged by it. Unless both sides' are given, the keys are those that the file
itself states, which anybody can make up: it holds with doubts at best; compare the fingerprints that are listed.

退出码 Exit codes: 0 成立 holds, 1 不成立 refused, 2 用法错误 wrong usage, 3 成立但有存疑 holds with doubts.
"""

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

FORMAT = "woshou-evidence-1"
LEEWAY = timedelta(seconds=60)
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
OUTCOMES = {"accepted": "受理", "duplicate": "重复", "rejected": "退回"}
HEADS = {"fetched": "✔ 密钥相符 KEYS KNOWN", "proven": "✔ 已证明 PROVEN", "doubtful": "? 存疑 DOUBTFUL"}
HEADS |= {"by-file": "≈ 仅按本文件所述密钥 ONLY BY THE KEYS THAT THE FILE STATES", "erased": "· 已擦除 ERASED"}
HEADS |= {"left-out": "· 未收入 LEFT OUT", "said": "· 内容 SAID", "stated": "· 仅为陈述 STATED", "limits": "— 不证明 NOT PROVEN"}
ABSENT = (("left-out", "本存证不含内容", "left out of this file"), ("erased", "内容已擦除", "erased"))
LIMITS = (
    ("内容是否属实，只证明何人何时说过", "that what was said is true; only who said it, and when"),
    ("钟表时间，时刻出自双方节点各自的时钟", "the time of day; stamps are by the clocks of the two nodes"),
    ("此后是否另有往来", "that nothing was said after what the file holds"),
)
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, StopIteration, RecursionError)
Pair: TypeAlias = tuple[str, str]  # what is spoken of, in Chinese and in English
Json: TypeAlias = Mapping[str, Any]


class Refused(Exception):
    """The file does not prove what it should; `code` is a word for programs."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        self.code, self.zh, self.en = code, zh, en
        super().__init__(en)


def refuse(code: str, what: Pair, zh: str, en: str) -> NoReturn:
    raise Refused(code, f"{what[0]}：{zh}", f"{what[1]}: {en}")


def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode()


def decode(text: str) -> bytes:
    """Canonical base64url only: other spellings of the same bytes are refused."""
    data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise ValueError("not canonical base64url")
    return data


def digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


@dataclass(frozen=True)
class Key:
    """A node's public key and when it may be trusted. `listed`: the node's own signed document names it."""

    jwk: Json
    use: str
    not_before: datetime
    not_after: datetime | None
    revoked_from: datetime | None
    listed: bool

    @property
    def kid(self) -> str:
        """The RFC 7638 thumbprint."""
        return digest(canonical({name: self.jwk[name] for name in ("crv", "kty", "x", "y")}))

    def in_time(self, at: datetime) -> bool:
        return self.not_before - LEEWAY <= at and (self.not_after is None or at < self.not_after)


def read_key(row: Json, revoked_from: str | None, *, listed: bool) -> Key:
    ends, gone = (None if text is None else moment(text) for text in (row["not_after"], revoked_from))
    return Key(row["jwk"], row["use"], moment(row["not_before"]), ends, gone, listed)


class Keys:
    """The keys of one node, by its own signed document."""

    def __init__(self, token: str) -> None:
        self.document: Json = json.loads(decode(token.split(".")[1]))
        self.node = self.document["node"]
        revoked = {row["kid"]: moment(row["from"]) for row in self.document["revoked"]}
        keys = [read_key(row, None, listed=True) for row in self.document["keys"]]
        self.by_kid = {key.kid: replace(key, revoked_from=revoked.get(key.kid)) for key in keys}
        what = (f"{self.node} 的节点文件", f"the node document of {self.node}")
        if not self.opened(token, "mx-node+jws", what)[2].in_time(moment(self.document["issued_at"])):
            refuse("key-out-of-time", what, "签名时密钥不在有效期内", "signed outside its key's time")

    def opened(self, token: str, typ: str, what: Pair) -> tuple[Json, bytes, Key]:
        """The payload of a compact JWS of this type by a signing key of the node, and the key; its time is for the caller."""
        try:
            head, payload, signature = (decode(part) for part in token.split("."))
            header = json.loads(head)
            if set(header) != {"alg", "kid", "typ"} or (header["alg"], header["typ"]) != ("ES256", typ) or len(signature) != 64:
                refuse("wrong-header", what, "签名头不符", f"its header is not that of {typ} by ES256")
            key = self.by_kid.get(header["kid"])
            if key is None or key.use != "sig":
                refuse("unknown-key", what, f"{self.node} 没有该签名密钥", f"{self.node} has no such signing key")
            found = jws.deserialize_compact(token, ECKey.import_key(dict(key.jwk)), algorithms=["ES256"])
            if found.payload != payload:
                raise ValueError("two readings of one payload")
            return json.loads(payload), payload, key
        except JoseError:
            refuse("bad-signature", what, "签名无效", "the signature does not hold")
        except (ValueError, TypeError):
            refuse("malformed-signature", what, "签名格式无效", "the signature is malformed")

    @property
    def fingerprint(self) -> str:
        """What two operators compare over another channel: signing, encryption and recovery key."""
        at = moment(self.document["issued_at"])
        held = [key for key in self.by_kid.values() if key.listed and key.in_time(at)]
        held = sorted((key for key in held if key.revoked_from is None or at < key.revoked_from), key=lambda key: key.not_before)
        signing = next(key.kid for key in held if key.use == "sig")
        sealing = next(key.kid for key in reversed(held) if key.use == "enc")
        parts = ("mx-fingerprint-v1", "sig", signing, "enc", sealing, "recovery", self.document["recovery"])
        number = int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:25], "big")
        text = "".join(CROCKFORD[number >> shift & 31] for shift in range(195, -1, -5))
        return "-".join(text[start : start + 5] for start in range(0, 40, 5))


class Verifier:
    """One file, checked from the outside in: its seal, the keys, the batches and their chain, the messages, the agreement."""

    def __init__(self, data: bytes, documents: Mapping[str, Keys]) -> None:
        self.lines: list[tuple[str, str, str]] = []
        what = ("存证文件", "the evidence file")
        try:
            file = json.loads(data)
            written = json.dumps(file, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n"
        except ValueError:
            refuse("not-json", what, "不是 JSON", "is not JSON")
        if not isinstance(file, dict) or set(file) != {"format", "parts", "seal"} or file["format"] != FORMAT:
            refuse("unknown-format", what, f"不是 {FORMAT} 格式", f"is not in the form {FORMAT}")
        if written.encode() != data:
            refuse("not-canonical", what, "字节与其内容不符", "its bytes are not those that its contents give")
        self.seal, self.parts, self.documents = file["seal"], file["parts"], documents
        self.about: Json = self.parts["exchange"]
        self.sides = (self.about["asker"], self.about["asked"])
        self.nodes: dict[str, Keys] = {}
        self.batches: dict[tuple[str, int], tuple[Json, Json | None]] = {}
        self.openings: list[Json] = []

    def run(self) -> list[tuple[str, str, str]]:
        self.check_keys()
        self.check_seal()
        self.check_batches()
        self.check_messages()
        self.check_agreement()
        return [*dict.fromkeys(self.lines), *(("limits", zh, en) for zh, en in LIMITS)]

    def say(self, kind: str, what: Pair, zh: str, en: str) -> None:
        # Signatures prove who signed only where the keys are known from elsewhere.
        if kind == "proven" and not self.documents.keys() >= self.parts["nodes"].keys():
            kind = "by-file"
        self.lines.append((kind, f"{what[0]}：{zh}", f"{what[1]}: {en}"))

    def judge(self, key: Key, at: datetime, known_at: datetime, what: Pair) -> None:
        """Signed at `at` by its own word; that it was there by `known_at` is the other side's."""
        if not key.in_time(at):
            refuse("key-out-of-time", what, "签名时密钥不在有效期内", "signed outside its key's time")
        # Who holds a stolen key can date back what it signs, so the later of the two counts.
        if key.revoked_from is not None and max(at, known_at) >= key.revoked_from:
            since = key.revoked_from.isoformat()
            self.say("doubtful", what, f"其密钥自 {since} 起已吊销", f"its key is revoked from {since} on")
        if not key.listed:
            self.say("stated", what, "旧密钥仅由存证制作方证明", "an old key that only the maker of this file vouches for")

    def check_keys(self) -> None:
        for name, held in self.parts["nodes"].items():
            own = Keys(held["document"])
            what = (f"{name} 的密钥", f"the keys of {name}")
            if own.node != name or set(self.parts["nodes"]) != {side["node"] for side in self.sides}:
                refuse("wrong-nodes", what, "不属于当事一方", "belong to no party")
            keys = self.nodes[name] = self.documents.get(name, own)
            shown = keys.fingerprint
            if name in self.documents:
                self.say("fetched", what, f"与另行取得的节点文件相符，指纹 {shown}", f"are those of its own document, {shown}")
                continue
            zh = f"仅为本文件自己所述，未给出其节点文件，请核对指纹 {shown}"
            self.say(
                "doubtful", what, zh, f"are those that the file itself states, for its document was not given; compare {shown}"
            )
            for row in held["keys"]:
                key = read_key(row, row["revoked_from"], listed=False)
                keys.by_kid.setdefault(key.kid, key)

    def check_seal(self) -> None:
        what = ("存证的封签", "the seal of the file")
        maker = self.nodes.get(json.loads(decode(self.seal.split(".")[1]))["made_by"])
        if maker is None:
            refuse("wrong-nodes", what, "制作方不是当事一方", "its maker is no party")
        seal, _, key = maker.opened(self.seal, "woshou-evidence+jws", what)
        self.judge(key, moment(seal["made_at"]), moment(seal["made_at"]), what)
        for name in sorted({*self.parts, *seal["parts"]}):
            if name not in self.parts or seal["parts"].get(name) != digest(canonical(self.parts[name])):
                refuse("part-altered", what, f"“{name}”部分被改动", f"the part “{name}” was altered")
        at = seal["made_at"]
        self.say("proven", what, f"由 {maker.node} 于 {at} 制作，未被改动", f"made by {maker.node} at {at}, unaltered since")

    def check_batches(self) -> None:
        last: dict[tuple[str, str], tuple[int, str]] = {}
        for row in self.parts["batches"]:
            sender, number = row["sender"], row["sequence"]
            what = (f"{sender} 的批次 {number}", f"batch {number} of {sender}")
            receiver = self.sides[1 if sender == self.sides[0]["node"] else 0]["node"]
            manifest, payload, key = self.nodes[sender].opened(row["manifest"], "mx-batch+jws", what)
            place = (self.about["link"], sender, receiver, number)
            if tuple(manifest[name] for name in ("link", "sender", "receiver", "sequence")) != place:
                refuse("wrong-batch", what, "清单属于其他链路或批次", "its manifest is another one's")
            if last.get((sender, "batch"), (number - 1, manifest["previous"])) != (number - 1, manifest["previous"]):
                refuse("chain-cut", what, "与前一批次不相连", "the chain to the batch before is cut")
            last[sender, "batch"] = (number, digest(payload))
            sent_at = known_at = moment(manifest["sent_at"])
            receipt = None
            if row["receipt"] is not None:
                about = (f"{what[0]}的回执", f"the receipt for {what[1]}")
                receipt, words, by = self.nodes[receiver].opened(row["receipt"], "mx-receipt+jws", about)
                if tuple(receipt[name] for name in ("link", "sender", "receiver", "sequence", "batch")) != (
                    *place,
                    digest(payload),
                ):
                    refuse("wrong-receipt", about, "属于其他批次", "is about another batch")
                if [word["digest"] for word in receipt["receipts"]] != manifest["digests"]:
                    refuse("wrong-receipt", about, "未逐条覆盖", "does not cover each message")
                before = last.get((sender, "receipt"), (0, ""))
                if before[0] == number - 1 and before[1] not in ("", receipt["previous"]):
                    refuse("chain-cut", about, "与前一回执不相连", "the chain of receipts is cut")
                last[sender, "receipt"] = (number, digest(words))
                known_at = moment(receipt["received_at"])
                self.judge(by, known_at, known_at, about)
            elif key.revoked_from is not None:
                known_at = key.revoked_from
            self.judge(key, sent_at, known_at, what)
            self.batches[sender, number] = (manifest, receipt)
        self.say("proven", ("批次清单", "the manifests"), "逐一相连，未缺", "are linked one to the next, and none is missing")

    def check_messages(self) -> None:
        rows: dict[str, Json] = {row["id"]: row for row in self.parts["messages"]}
        for row in self.parts["messages"]:
            what = (f"{row['kind']} {row['id']}", f"{row['kind']} {row['id']}")
            if row is not rows[row["id"]]:
                refuse("message-twice", what, "出现两次", "stands twice in the file")
            if (row["sender"], row["sequence"]) not in self.batches:
                refuse("chain-cut", what, "所在批次缺失", "its batch is missing")
            digests = self.batches[row["sender"], row["sequence"]][0]["digests"]
            if not 0 <= row["position"] < len(digests) or digests[row["position"]] != row["digest"]:
                refuse("not-in-batch", what, "不在所称批次中", "does not stand in its batch's manifest")
            if row["line"] is None:
                kind, zh, en = ABSENT[row["body"] == "erased"]
                self.say(kind, what, f"{zh}，摘要仍成立", f"{en}; its digest stands")
            else:
                self.check_line(row, rows, what)
            self.say("proven", what, *self.outcome(row, what))
        if len(self.openings) != 1 and all(row["line"] is not None for row in rows.values()):
            refuse("no-opening", ("交换", "the exchange"), "没有唯一的开启消息", "has no one message that opened it")

    def check_line(self, row: Json, rows: Mapping[str, Json], what: Pair) -> None:
        if digest(row["line"].encode()) != row["digest"]:
            refuse("line-altered", what, "内容与摘要不符", "its text is not the one that the digest names")
        line = json.loads(row["line"])
        if line["exchange"] != self.about["id"]:
            refuse("other-exchange", what, "属于另一项交换", "belongs to another exchange")
        here, there = self.sides[::-1] if line["kind"] in ("feedback", "interim") else self.sides
        stated = (row["id"], row["kind"], row["sender"], here["jurisdiction"], there["jurisdiction"])
        inherited = tuple(self.about[name] for name in ("origin", "destination", "purpose"))
        if (line["id"], line["kind"], here["node"], line["from"], line["to"]) != stated:
            refuse("wrong-message", what, "与所列编号、种类或双方不符", "is another message, or between others, than is listed")
        if (line["origin"], line["destination"], line["purpose"]) != inherited:
            refuse("wrong-message", what, "与所列两地或用途不符", "is not of the places or the purpose that are listed")
        self.say("said", what, *[json.dumps(line["body"], ensure_ascii=False)] * 2)
        answered = line["in_reply_to"]
        if answered is not None:
            if answered["id"] not in rows or rows[answered["id"]]["digest"] != answered["digest"]:
                refuse("reply-to-nothing", what, "所回复的消息不在存证中", "what it answers is not in the file")
            return
        if (line["kind"], line["body"].get("event")) != (self.about["kind"], self.about["event"]):
            refuse("wrong-message", what, "事由与所列不符", "is not of the matter that is listed")
        self.openings.append(line)

    def outcome(self, row: Json, what: Pair) -> Pair:
        manifest, receipt = self.batches[row["sender"], row["sequence"]]
        zh, en = f"{row['sender']} 于 {manifest['sent_at']} 签发", f"signed by {row['sender']} at {manifest['sent_at']}"
        if receipt is None:
            return f"{zh}；无回执，未证明对方收到", f"{en}; no receipt, so not proven to have arrived"
        word, at = receipt["receipts"][row["position"]], receipt["received_at"]
        if word["id"] not in (None, row["id"]):
            refuse("wrong-receipt", what, "回执所指为另一消息", "the receipt names another message")
        due = word.get("due") or "—"
        outcome = word["outcome"]
        return f"{zh}，对方于 {at} {OUTCOMES[outcome]}，期限 {due}", f"{en}, {outcome} by the other side at {at}, due {due}"

    def check_agreement(self) -> None:
        what, held = ("双向协作协议", "the agreement"), self.parts["agreement"]
        if held is None or held["acceptance"] is None:
            self.say("stated", what, "存证中没有可验证的协议", "none that could be verified is in the file")
            return
        terms, payload, key, proposer = self.by_either(held["proposal"], "mx-agreement+jws", what)
        word, _, other, decider = self.by_either(held["acceptance"], "mx-agreement-acceptance+jws", what)
        at, nodes = moment(word["at"]), {side["node"] for side in self.sides}
        self.judge(other, at, at, what)
        # A proposal bears no time of its own: it was there when it was accepted.
        self.judge(key, min(at, key.not_after - LEEWAY) if key.not_after else at, at, what)
        codes = {party["jurisdiction"] for party in terms["parties"]}
        if {party["node"] for party in terms["parties"]} != nodes or (len(nodes) == 2 and proposer == decider):
            refuse("wrong-agreement", what, "不是这两个节点之间的", "is not one of these two nodes")
        if (word["agreement"], word["decision"]) != (digest(payload), "accepted"):
            refuse("wrong-agreement", what, "接受的是另一份", "what was accepted is another one")
        subject, purpose = self.about["event"] or "query", self.about["purpose"]
        rules = [rule["items"] for rule in terms["fields"] if (rule["subject"], rule["purpose"]) == (subject, purpose)]
        sent = {item for line in self.openings for item in (*line["body"].get("items", ()), *(line["body"].get("record") or ()))}
        covered = subject in terms["kinds"] and purpose in terms["purposes"]
        if not covered or not sent <= {each for rule in rules for each in rule}:
            refuse("not-agreed", what, "不含该事由、用途或项目", "does not cover the matter, the purpose or the items")
        if not {side["jurisdiction"] for side in self.sides} <= codes:
            named = ", ".join(sorted(codes))
            self.say("stated", what, f"以 {named} 名义签署，辖区关系未核", f"signed for {named}; who lies within is not checked")
        zh = f"{proposer} 提出，{decider} 于 {word['at']} 接受"
        en = f"proposed by {proposer}, accepted by {decider} at {word['at']}"
        dates = f"{terms['valid_from']} – {terms['valid_until'] or '…'}"
        self.say("proven", what, f"{zh}，有效期 {dates}", f"{en}, valid {dates}")

    def by_either(self, token: str, typ: str, what: Pair) -> tuple[Json, bytes, Key, str]:
        *others, last = self.nodes
        for name in others:
            try:
                return (*self.nodes[name].opened(token, typ, what), name)
            except Refused as exc:
                if exc.code != "unknown-key":
                    raise
        return (*self.nodes[last].opened(token, typ, what), last)


def verify(data: bytes, documents: Mapping[str, Keys] | None = None) -> list[tuple[str, str, str]]:
    """All checks: sentences by kind, in Chinese and in English; Refused with the first check that fails."""
    try:
        return Verifier(data, documents or {}).run()
    except MALFORMED as exc:
        raise Refused("malformed", "文件内容不完整或格式有误", f"is incomplete or malformed ({type(exc).__name__})") from exc


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--document", type=Path, action="append", default=[], help="节点文件 a node document")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(words)
    try:
        data, found = given.file.read_bytes(), [Keys(path.read_text("ascii").strip()) for path in given.document]
        lines = verify(data, {keys.node: keys for keys in found})
    except (OSError, *MALFORMED) as exc:
        print(f"无法读取文件，或不是节点文件 cannot read a file, or it is no node document: {exc}", file=sys.stderr)
        return 2
    except Refused as exc:
        told = {"verdict": "refused", "code": exc.code, "zh": exc.zh, "en": exc.en}
        print(json.dumps(told, ensure_ascii=False) if given.json else f"✘ 不成立 REFUSED [{exc.code}] {exc.zh} · {exc.en}")
        return 1
    doubtful = any(kind == "doubtful" for kind, _, _ in lines)
    if given.json:
        shown = [{"kind": kind, "zh": zh, "en": en} for kind, zh, en in lines]
        print(json.dumps({"verdict": "doubtful" if doubtful else "holds", "lines": shown}, ensure_ascii=False))
    else:
        for kind, zh, en in sorted(lines, key=lambda line: list(HEADS).index(line[0])):
            print(f"{HEADS[kind]} {zh}" if zh.endswith(en.partition(": ")[2]) else f"{HEADS[kind]} {zh} · {en}")
        verdict = "? 成立，但有存疑 HOLDS WITH DOUBTS" if doubtful else "✔ 成立 HOLDS"
        stated = any(kind == "by-file" for kind, _, _ in lines)
        print(verdict + ("；密钥只是本文件自己所述 the keys are those that the file itself states" if stated else ""))
    return 3 if doubtful else 0


if __name__ == "__main__":
    sys.exit(main())
