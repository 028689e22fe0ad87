"""docs/protocol.md says all that a partner must know, and nothing that the code does not do."""

import json
import re
from importlib import import_module
from pathlib import Path

import msgspec
import pytest

from adapters.rules import packaged_rules
from api.problems import status_of
from exchange import codes
from exchange.certificates import limits
from exchange.certificates.check import FRESH, CheckAnswer
from exchange.errors import WoshouError
from exchange.people import record
from exchange.people.document import DocumentType
from exchange.reporting.frozen import monthly, upward
from exchange.terms import agreement
from exchange.wire import batch, checks, figures, message, node, proven, registers

ROOT = Path(__file__).parents[2]
LISTS = [
    codes.Event,
    codes.Purpose,
    codes.PriorityLevel,
    codes.UrgentReason,
    codes.Item,
    codes.QueryReason,
    codes.Result,
    codes.RefusalReason,
    codes.InterimReason,
    codes.ChallengeReason,
    codes.WithdrawalReason,
    codes.Kind,
    codes.Sex,
    codes.MaritalStatus,
    codes.Education,
    codes.HouseholdType,
    codes.MovingReason,
    DocumentType,
    batch.Outcome,
    agreement.DecisionWord,
    monthly.CorrectionReason,
    CheckAnswer,
]
SHAPES = [
    message.Envelope,
    message.Reply,
    message.Priority,
    message.QueryBody,
    message.NoticeBody,
    message.FeedbackBody,
    message.InterimBody,
    message.ChallengeBody,
    message.WithdrawalBody,
    record.Person,
    record.DocumentRef,
    record.Record,
    record.Moving,
    record.Marriage,
    record.Spouse,
    record.Child,
    record.Certificate,
    batch.Manifest,
    batch.Receipt,
    batch.Judgement,
    batch.WireProblem,
    node.NodeDocument,
    node.PublishedKey,
    node.PublishedJwk,
    node.RevokedKey,
    node.Endpoints,
    node.Limits,
    agreement.Agreement,
    agreement.Party,
    agreement.FieldRule,
    agreement.RegisterComparison,
    agreement.DayLimit,
    agreement.RulesRef,
    agreement.Decision,
    upward.SignedReport,
    monthly.MonthlyReport,
    monthly.FrozenFigures,
    monthly.FrozenRate,
    monthly.FrozenBeside,
    figures.FiguresAsked,
    figures.RowsAsked,
    figures.BucketLook,
    figures.FiguresTold,
    figures.LinkFigures,
    figures.LogLines,
    figures.StateCounts,
    figures.FigureCell,
    figures.FigureCounts,
    figures.RowsTold,
    figures.FigureRow,
    figures.FigureRound,
    checks.CertificateAsked,
    checks.WireHolder,
    checks.CertificateTold,
    proven.ErasedLine,
    proven.ErasedMessage,
    proven.ErasedOpening,
]
REGISTER_SHAPES = [
    registers.RegistersAsked,
    registers.RegistersTold,
    registers.CellsAsked,
    registers.CellsTold,
    registers.SettleAsked,
    registers.SettledTold,
]
TYPES = [
    node.NODE_TYPE,
    batch.BATCH_TYPE,
    batch.RECEIPT_TYPE,
    figures.FIGURES_TYPE,
    figures.ROWS_TYPE,
    registers.REGISTERS_TYPE,
    registers.CELLS_TYPE,
    registers.SETTLED_TYPE,
    agreement.PROPOSAL_TYPE,
    upward.REPORT_TYPE,
    checks.CHECK_TYPE,
    checks.CHECKED_TYPE,
    *agreement.DECISION_TYPES.values(),
    "client-authentication+jwt",
    "at+jwt",
]


def explained(page: str) -> str:
    """The page without the generated example, which names every field but explains none."""
    return page.partition("<!-- wire-example: begin -->")[0]


def quoted(page: str) -> set[str]:
    """The words that stand in code spans."""
    return {word for span in re.findall(r"`([^`\n]+)`", explained(page)) for word in re.findall(r"[\w+-]+", span)}


def refusals() -> dict[str, type[WoshouError]]:
    """All refusals by code; of two with one code the status is the same."""
    import_module("api.figures")
    import_module("api.proven")
    import_module("api.registers")
    import_module("api.partner")  # and with it all that can be refused to a partner
    found, todo = {}, [WoshouError]
    while todo:
        kind = todo.pop()
        found[kind.code] = kind
        todo += kind.__subclasses__()
    return found


@pytest.mark.parametrize("words", LISTS, ids=lambda words: words.__name__)
def test_every_code_is_listed(words, protocol: str):
    assert [word.value for word in words if word.value not in quoted(protocol)] == []


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_every_field_is_named(shape, protocol: str):
    names = [field.encode_name for field in msgspec.structs.fields(shape)]
    assert [name for name in names if name not in quoted(protocol)] == []


@pytest.mark.parametrize("shape", REGISTER_SHAPES, ids=lambda shape: shape.__name__)
def test_every_field_of_a_register_comparison_is_named(shape, protocol_registers: str):
    names = [field.encode_name for field in msgspec.structs.fields(shape)]
    assert [name for name in names if name not in quoted(protocol_registers)] == []


@pytest.mark.parametrize("typ", TYPES)
def test_every_signature_type_is_listed(typ: str, protocol: str):
    assert typ in quoted(protocol)


def test_the_problems_of_receipts_exist_and_say_what_the_page_says(protocol: str):
    known = refusals()
    table = protocol.partition("| 消息层面的代码")[2].partition("\n\n")[0]
    for row in table.splitlines()[2:]:
        listed, retry = (re.findall(r"`([a-z-]+)`", cell) for cell in row.split("|")[1:3])
        assert {code: known[code].retry.value for code in listed} == dict.fromkeys(listed, retry[0])


def test_the_problems_of_a_batch_have_the_status_that_the_page_says(protocol: str):
    known = refusals()
    table = protocol.partition("### 检查顺序")[2].partition("\n\n拒绝整批")[0]
    named = 0
    for row in table.splitlines()[4:]:
        _, _, statuses, codes_, *_ = row.split("|")
        for code in re.findall(r"`([a-z]+(?:-[a-z]+)*)`", codes_.split("（")[0]):
            assert str(status_of(known[code])) in statuses
            named += 1
    assert named >= 10


def test_the_problems_of_agreements_and_endpoints_have_the_status_and_word_that_the_page_says(protocol: str):
    known = refusals()
    agreements = protocol.partition("| 拒绝 Refused | 状态 Status | `type` |")[2].partition("\n\n")[0]
    for row in agreements.splitlines()[2:]:
        _, _, status, listed, *_ = row.split("|")
        for code in re.findall(r"`([a-z]+(?:-[a-z]+)*)`", listed):
            assert str(status_of(known[code])) == status.strip()
    anywhere = protocol.partition("| `type` | 状态 Status | `retry` |")[2].partition("\n\n")[0]
    found = [row.split("|")[1:4] for row in anywhere.splitlines()[2:]]
    told = {re.findall(r"`([a-z-]+)`", code)[0]: (status.strip(), retry.strip(" `")) for code, status, retry in found}
    assert told == {code: (str(status_of(known[code])), known[code].retry.value) for code in told}
    assert len(told) == 9


def test_the_problems_of_reports_have_the_status_that_the_page_says(protocol: str):
    known = refusals()
    reports = protocol.partition("| 拒绝 Refusal | 状态 Status | `type` |")[2].partition("\n\n")[0]
    found = [
        (code, row.split("|")[2].strip())
        for row in reports.splitlines()[2:]
        for code in re.findall(r"`([a-z]+(?:-[a-z]+)+)`", row)
    ]
    assert dict(found) == {code: str(status_of(known[code])) for code, _ in found}
    assert len(found) == 10


def test_the_problems_of_proven_batches_have_the_status_that_the_page_says(protocol: str):
    told = rows_of(protocol.partition("收方的检查与动作")[2], "| | 状态 Status | `type` |")
    assert told == {code: str(status_of(refusals()[code])) for code in told}
    assert len(told) == 14


def test_the_problems_of_register_comparisons_have_the_status_and_word_that_the_page_says(protocol_registers: str):
    known = refusals()
    head = "| 拒绝 Refused | 状态 Status | `type` | `retry` |"
    table = protocol_registers.partition(head)[2].partition("\n\n")[0]
    found = [[cell.strip(" `") for cell in row.split("|")[2:5]] for row in table.splitlines()[2:]]
    assert found == [[str(status_of(known[code])), code, known[code].retry.value] for _, code, _ in found]
    assert len(found) >= 13


def rows_of(page: str, head: str) -> dict[str, str]:
    """The statuses of a table, by refusal."""
    table = page.partition(head)[2].partition("\n\n")[0]
    return {
        code: row.split("|")[2].strip()
        for row in table.splitlines()[2:]
        for code in re.findall(r"`([a-z]+(?:-[a-z]+)*)`", row.split("|")[3].split("（")[0])
    }


def test_the_pages_and_the_description_name_the_same_refusals(protocol: str, protocol_registers: str):
    """Each refusal that the OpenAPI file has for a partner's request stands on a page of the contract as well."""
    paths = json.loads((ROOT / "openapi" / "openapi.json").read_text("utf-8"))["paths"]
    answers = [
        answer
        for path, item in paths.items()
        if path.startswith(("/v1/", "/oauth/", "/.well-known/"))
        for operation in item.values()
        for answer in operation["responses"].values()
    ]
    codes_ = {
        code for answer in answers for code in answer.get("content", {}).get("application/problem+json", {}).get("examples", {})
    }
    assert codes_
    assert codes_ - quoted(protocol) - quoted(protocol_registers) == set()


def test_the_limits_of_the_page_are_those_of_the_rules(protocol: str):
    rules = packaged_rules()
    section = protocol.partition("\n## 时刻与期限")[2].partition("\n## ")[0]
    for rule in rules.limits:
        line = next(line for line in section.splitlines() if line.startswith(f"| `{rule.name}` |"))
        assert f"| {rule.days} " in line
        assert ("working days" in line) is (rule.unit.value == "working")
    assert f"`{rules.version}`" in protocol
    assert f"At most {rules.max_challenges} challenges" in protocol
    assert f"the {rules.lapse_days}th day" in protocol


def test_the_page_names_the_limits_of_a_batch(protocol: str):
    assert f"1 to {batch.MAX_MESSAGES:,} messages" in protocol
    assert f"at most {batch.MAX_UNPACKED // 2**20} MiB unpacked".lower() in protocol.lower()
    assert f"{message.MAX_LINE:,} bytes" in protocol


def test_the_page_names_the_limits_of_certificate_checks(protocol: str):
    section = protocol.partition("\n## 证明验证")[2].partition("\n## ")[0]
    assert f"after {limits.OF_PARTNER} of one node 429" in section
    assert f"after {limits.OF_CERTIFICATE} about one certificate or {limits.OF_HOLDER} about one holder" in section
    assert f"within {limits.WINDOW.total_seconds() / 3600:.0f} hours" in section
    assert f"within {FRESH.total_seconds() / 60:.0f} minutes" in section
    assert f"more than {checks.MAX_CHECK // 1024} KiB" in section
