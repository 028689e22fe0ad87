"""`woshou subject`: what an operator does for a person who asks."""

from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.auditing.trail import concerning, showing
from adapters.office import Office
from adapters.persons.page import flat, write_page
from exchange.auditing.event import of_person
from exchange.cursors import subject_request_cursor
from exchange.errors import NotFound
from exchange.ledger import Ledger, Page
from exchange.moments import civil_day
from exchange.people.document import DocumentType
from exchange.persons.request import CorrectionReason, SubjectRequest
from exchange.persons.subject import Claim
from exchange.verbs.persons.correct import Correction, correct
from exchange.verbs.persons.erase import WHY, erase, plan
from exchange.verbs.persons.find import Found, find, subject_of
from exchange.verbs.persons.follow import follow
from exchange.verbs.persons.report import report
from exchange.verbs.persons.shelter import answerable
from woshou.cli import show
from woshou.cli.call import Call, command, group
from woshou.cli.commands.persons.exposed import install_exposed
from woshou.cli.files import STDOUT, check_free, write_private
from woshou.cli.people import read_claim, read_json
from woshou.cli.words import say

_HELD = {
    "kind": ("种类", "Kind"),
    "id": ("编号", "Id"),
    "jurisdiction": ("区县", "County"),
    "register": ("台账", "Register"),
    "relation": ("身份", "As"),
    "opened_at": ("建档", "Opened"),
    "closed_at": ("结束", "Closed"),
    "fields": ("字段", "Fields"),
}
_PASSED = {
    "received_at": ("收到", "Received"),
    "sender": ("由", "From"),
    "receiver": ("至", "To"),
    "kind": ("消息", "Message"),
    "outcome": ("回执", "Outcome"),
    "relation": ("身份", "As"),
    "fields": ("字段", "Fields"),
    "erased": ("已擦除", "Erased"),
    "exchange": ("交换", "Exchange"),
}
_CERTIFICATES = {
    "at": ("时间", "At"),
    "asker": ("查询方", "Asked by"),
    "issuer": ("签发地", "Issuer"),
    "partner": ("节点", "Node"),
    "answer": ("答复", "Answer"),
}
_NAMED = {"file": ("编号", "Import"), "layout": ("表格", "Sheet"), "at": ("时间", "At")}
_CONTENT = {"id": ("编号", "Id"), "name": ("项目", "Item"), "value": ("内容", "Content")}
_RECIPIENTS = {
    "other": ("区县", "County"),
    "partner": ("节点", "Node"),
    "told": ("进度", "Told"),
    "received_at": ("收到", "Received"),
    "result": ("结果", "Result"),
    "exchange": ("交换", "Exchange"),
    "why": ("原因", "Why"),
}
_KEPT = {"kind": ("种类", "Kind"), "id": ("编号", "Id"), "with_whom": ("联系", "Call"), "why": ("保留原因", "Why it stays")}
_REQUESTS = {"id": ("编号", "Request"), "kind": ("种类", "Kind"), "at": ("时间", "At"), "reason": ("理由", "Reason")}

DocumentOption = Annotated[DocumentType, typer.Option("--document", help=say("证件类型", "type of document"))]
CountyOption = Annotated[str | None, typer.Option("--jurisdiction", help=say("区县代码；默认全部", "county; all by default"))]
CandidateOption = Annotated[
    str | None, typer.Option("--candidate", help=say("无证件号码时指明哪个个案", "without a number: which entry is meant"))
]
PeopleOption = Annotated[bool, typer.Option("--people", help=say("含个人信息", "with what is said of the person"))]


def install(app: typer.Typer) -> None:
    """Add the group."""
    subject = group(
        "本人请求：查阅、更正、擦除，及泄露时涉及何人", "A person's rights: report, correct, erase; and whom a breach concerns"
    )
    app.add_typer(subject, name="subject")
    _install_report(subject)
    _install_correct(subject)
    _install_erase(subject)
    install_exposed(subject)
    _install_requests(subject)


def _withheld(count: int) -> tuple[str, str]:
    return (
        f"另有 {count} 项涉及他人的受保护信息，未列入答复，请人工处理：告知可能危及他人，勿向申请人透露其存在。",
        f"{count} more items touch on another person who is protected. They are left out of the answer; see to them by hand:"
        " telling of them can endanger somebody, and so can telling that they exist.",
    )


def _found(call: Call, office: Office, ledger: Ledger, county: str | None, claim: Claim, candidate: str | None) -> Found:
    own = call.counties(office, county)
    with call.progress("正在查看全部个案与消息", "Looking through all entries and messages"):
        return find(ledger, office.node, own, subject_of(ledger, office.node, own, claim, candidate))


def _install_report(app: typer.Typer) -> None:
    @command(
        app,
        "report",
        zh="查阅：关于本人保存了什么、从何而来、去了何处",
        en="What is held of a person, whence it came, where it went",
    )
    def report_of(
        call: Call,
        document: DocumentOption = DocumentType.ID_NUMBER,
        jurisdiction: CountyOption = None,
        candidate: CandidateOption = None,
        output: Annotated[
            Path | None,
            typer.Option("-o", "--output", help=say("交给本人的文件：.html 或 .json", "file for the person: .html or .json")),
        ] = None,
        people: PeopleOption = False,
        force: Annotated[bool, typer.Option("--force", help=say("覆盖已有文件", "write over a file"))] = False,
    ) -> None:
        if output is not None:
            check_free(output, force=force)
        claim = read_claim(document)
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            found = _found(call, office, ledger, jurisdiction, claim, candidate)
            answer = answerable(ledger, office.node, found)
            told = report(ledger, office.node, answer, office.now())
            page = write_page(told, office.node.divisions, civil_day(office.now()))
        whole: dict[str, Any] = show.plain(told)
        if answer.withheld:
            call.note(*_withheld(len(answer.withheld)))
        if people or output is not None:
            concerning(f"{each.kind}:{each.id}" for each in told.held)
        if output is not None:
            showing(told)
            # What is only perhaps about the person is another one's, and for a clerk to look at.
            handed = {name: value for name, value in whole.items() if name != "perhaps"}
            data = page if output.suffix == ".html" else show.json_text(handed).encode("utf-8")
            write_private(output, data, force=force)
            if output == STDOUT:
                return
        if not people:
            whole["held"] = [{**held, "content": None} for held in whole["held"]]
        if call.json:
            show.print_json(whole)
            return
        call.rows(told.held, _HELD, title=say("保存", "Held"))
        call.rows(told.passed, _PASSED, title=say("提供与取得", "Passed on and received"))
        if told.certificates:
            call.rows(told.certificates, _CERTIFICATES, title=say("证明验证", "Certificates checked"))
        if told.named_after:
            call.rows(told.named_after, _NAMED, title=say("以本人命名的文件", "Sheets named after the person"))
        if people:
            lines = [{"id": each.id, "name": name, "value": value} for each in told.held for name, value in flat(each.content)]
            call.rows(lines, _CONTENT, title=say("内容", "Content"))
        if output is None and told.seen_by:
            call.note(
                f"谁看过（{len(told.seen_by)} 条）只列于 -o 的文件。",
                f"Who saw it ({len(told.seen_by)} readings) stands in the file of -o only.",
            )
        if told.perhaps:
            listed = ", ".join(told.perhaps)
            call.note(
                f"同名而无证件的配偶，请人工核对：{listed}", f"Spouses of that name without a document, to be looked at: {listed}"
            )


def _install_correct(app: typer.Typer) -> None:
    @command(
        app,
        "correct",
        zh="更正本人信息，并通报所有曾收到错误内容的一方",
        en="Correct a person's data, and tell everybody who got it wrong",
    )
    def correct_one(
        call: Call,
        fields: Annotated[
            Path, typer.Option("--fields", help=say("更正内容 JSON：person、record", "JSON of what is right: person, record"))
        ],
        reason: Annotated[CorrectionReason, typer.Option(help=say("理由", "why"))] = CorrectionReason.WRONG,
        document: DocumentOption = DocumentType.ID_NUMBER,
        jurisdiction: CountyOption = None,
        candidate: CandidateOption = None,
    ) -> None:
        right = read_json(fields.read_bytes(), Correction)
        with call.office() as office:
            claim = read_claim(document)
            with office.ledgers.transaction(read_only=True) as ledger:
                found = _found(call, office, ledger, jurisdiction, claim, candidate)
            with office.ledgers.transaction() as ledger:
                made = correct(ledger, office.node, found, right, reason, office.now())
                recipients = _recipients(ledger, made.id)
        told = {"request": made.id, "entries": made.entries, "recipients": recipients}
        call.done(
            told, f"请求 {made.id}：更正 {len(made.entries)} 个个案", f"Request {made.id}: {len(made.entries)} entries corrected"
        )
        if not call.json:
            call.rows(recipients, _RECIPIENTS)


def _install_erase(app: typer.Typer) -> None:
    @command(app, "erase", zh="按本人请求擦除；不加 --yes 只试算", en="Erase at a person's request; only a dry run without --yes")
    def erase_one(
        call: Call,
        yes: Annotated[bool, typer.Option("--yes", help=say("真正擦除", "do it"))] = False,
        withdraw_open: Annotated[
            bool, typer.Option("--withdraw-open", help=say("撤回本方发起的未结交换", "withdraw what we opened and is not over"))
        ] = False,
        document: DocumentOption = DocumentType.ID_NUMBER,
        jurisdiction: CountyOption = None,
        candidate: CandidateOption = None,
    ) -> None:
        with call.office() as office:
            claim = read_claim(document)
            with office.ledgers.transaction(read_only=True) as ledger:
                found = _found(call, office, ledger, jurisdiction, claim, candidate)
            planned = plan(found, office.node, office.now(), withdraw_open=withdraw_open)
            request = None
            recipients: list[dict[str, Any]] = []
            if yes:
                if found.subject.index is not None:
                    concerning([of_person(found.subject.index)])
                with office.ledgers.transaction() as ledger:
                    planned, request = erase(ledger, office.node, found, office.now(), withdraw_open=withdraw_open)
                    recipients = _recipients(ledger, request.id)
        kept = [{**show.plain(each), "zh": WHY[each.why][0], "en": WHY[each.why][1]} for each in planned.kept]
        told: dict[str, Any] = {
            "done": yes,
            "request": request.id if request else None,
            "entries": planned.entries,
            "exchanges": sorted({each.key.exchange for each in planned.exchanges}),
            "withdrawn": [each.key.exchange for each in planned.withdrawn],
            "cases": [case.id for case in planned.cases],
            "differences": planned.differences,
            "files": planned.files,
            "kept": kept,
            "recipients": recipients,
        }
        counts = f"{len(planned.entries)}/{len(told['exchanges'])}/{len(planned.cases)}/{len(planned.files)}"
        done = say("已擦除", "Erased") if yes else say("将擦除（加 --yes 执行）", "Would erase (do it with --yes)")
        call.done(told, f"{done}（个案/交换/事项/文件名）：{counts}", f"{done} (entries/exchanges/cases/file names): {counts}")
        if not call.json:
            call.rows([{**each, "why": say(each["zh"], each["en"])} for each in kept], _KEPT, title=say("保留", "Stays"))
            if recipients:
                call.rows(recipients, _RECIPIENTS, title=say("通知", "Told"))


def _install_requests(app: typer.Typer) -> None:
    @command(
        app,
        "status",
        zh="请求的进度：每一收件方是否收到、受理、答复",
        en="How far a request is: each recipient, told, accepted, answered",
    )
    def status(call: Call, request: Annotated[str, typer.Argument(help=say("请求编号", "request"))]) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            held = ledger.subject_requests.get(request)
            if held is None:
                raise NotFound
            recipients = _recipients(ledger, request)
        if call.json:
            show.print_json({**_without_index(held), "recipients": recipients})
        else:
            call.card(_without_index(held), _REQUESTS)
            call.rows(recipients, _RECIPIENTS)

    @command(app, "requests", zh="列出请求（不含人员）", en="List the requests (without persons)")
    def requests(
        call: Call,
        after: Annotated[str, typer.Option(help=say("接上页标记", "`next` of the page before"))] = "",
        limit: Annotated[int, typer.Option(min=1, max=10_000, help=say("条数", "how many"))] = 100,
    ) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            found = ledger.subject_requests.find(Page(after=after, limit=limit))
        following = subject_request_cursor(found[-1]) if len(found) == limit else None
        call.rows([_without_index(each) for each in found], _REQUESTS, next=following)


def _without_index(request: SubjectRequest) -> dict[str, Any]:
    told: dict[str, Any] = show.plain(request)
    return {name: value for name, value in told.items() if name not in ("person_index", "recipients")}


def _recipients(ledger: Ledger, request: str) -> list[dict[str, Any]]:
    held = ledger.subject_requests.get(request)
    rows: list[dict[str, Any]] = [show.plain(each) for each in follow(ledger, held)] if held is not None else []
    return [{**row, "why": say(row["reason"]["zh"], row["reason"]["en"]) if row["reason"] else None} for row in rows]
