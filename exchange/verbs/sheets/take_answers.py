"""A sheet of answers: each row answers what was asked when the sheet was written, and nothing else, and only once.

A row that was answered, challenged or withdrawn since is refused; the same answer once more changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from msgspec import structs

from exchange.codes import Kind, Role
from exchange.conversation import NotInThisState, State
from exchange.errors import Conflict, Invalid, NotFound, Refused
from exchange.exchanges import Direction, Exchange, ExchangeKey, LoggedMessage
from exchange.imports import ANSWERS, RowOutcome, RowProblem, RowResult
from exchange.jurisdiction import Level
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node, NotServed
from exchange.people.whereabouts import PlaceReader
from exchange.verbs.cases.births import NotYourExchange, hidden_from
from exchange.verbs.reply import Said, UnderWay, reply, reply_all
from exchange.verbs.sheets.answers import as_refusal, check_asked, is_blank, judge_answer, read_answer
from exchange.verbs.sheets.facts import SheetFacts, SheetRow, refusal_problem
from exchange.verbs.sheets.judging import Judged
from exchange.verbs.sheets.take import ReadSheet, Taking
from exchange.verbs.work.locked import locked
from exchange.wire.batch import Outcome
from exchange.wire.message import Feedback, FeedbackBody, read_message
from exchange.work.worklists import OWED


class AnsweredAlready(Conflict):
    """The exchange has another answer than the row's."""

    code = "answered-already"
    zh = "该事项已另有反馈，本行未采用；如需更改，请逐件办理。"
    en = "The exchange has another answer already; to change it, answer it by itself."


class AskedAnew(Conflict):
    """What the row answers is not what is asked now."""

    code = "asked-anew"
    zh = "该事项在导出之后有变化（如对方再交流），请重新导出待反馈清单。"
    en = "Something else is asked since the sheet was written, as after a challenge: export the worklist again."


class AnsweredTwice(Invalid):
    """Another row of the sheet answers the same exchange."""

    code = "answered-twice"
    zh = "同一事项在表中出现多次，只采用了第一行。"
    en = "Another row answers the same exchange; the first one counts."


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReadAnswer:
    """A row as far as it can be judged without a ledger; `body` is None where a cell could not be read."""

    row: SheetRow
    body: FeedbackBody | None
    problems: tuple[RowProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AnswersSheet(ReadSheet[ReadAnswer]):
    """A sheet of answers that was read: of a county, or of a `township` of it, which answers only what it has."""

    chunk: ClassVar[int] = 1_000
    node: Node
    county: str
    township: str | None

    def take(self, ledger: Ledger, rows: Sequence[ReadAnswer], taking: Taking) -> list[RowResult]:
        """Queue the answers."""
        return _Answering(ledger, self, taking).take(rows)


def read_answers(node: Node, jurisdiction: str, sheet: SheetFacts, now: datetime) -> AnswersSheet:
    """Read all rows, before any transaction; NotServed if the jurisdiction is another node's. Blank rows are counted only."""
    divisions = node.divisions
    township = jurisdiction if divisions.level_of(jurisdiction) is Level.TOWNSHIP else None
    county = divisions.county_of(jurisdiction)
    if county not in node.jurisdictions:
        raise NotServed
    places = PlaceReader(divisions, county, civil_day(now))
    rows, blank = [], 0
    for row in sheet.rows:
        if is_blank(row.cells) and not row.refused:
            blank += 1
        else:
            rows.append(_read(row, places))
    facts = replace(sheet, blank=sheet.blank + blank)
    return AnswersSheet(
        node=node, jurisdiction=jurisdiction, layout=ANSWERS, county=county, township=township, facts=facts, rows=rows
    )


def _read(row: SheetRow, places: PlaceReader) -> ReadAnswer:
    row = replace(row, problems=tuple(map(as_refusal, row.problems)))
    if not row.refused:
        warnings: list[RowProblem] = []
        try:
            body = read_answer(row.cells, places, warnings)
        except Refused:
            pass  # told below, with all else that is wrong
        else:
            problems = tuple(map(as_refusal, warnings))
            refused = any(problem.severity == "refusal" for problem in problems)
            return ReadAnswer(row=row, body=None if refused else body, problems=problems)
    judged = Judged(row)
    judge_answer(judged, places)
    return ReadAnswer(row=row, body=None, problems=tuple(map(as_refusal, judged.problems())))


class _Answering:
    """Some rows, answered with a few look-ups for all of them."""

    def __init__(self, ledger: Ledger, sheet: AnswersSheet, taking: Taking) -> None:
        self._ledger, self._sheet, self._import, self._now, self._by = ledger, sheet, taking.id, taking.now, taking.by
        self._answered: set[str] = set()

    def take(self, rows: Sequence[ReadAnswer]) -> list[RowResult]:
        """The rows' results: those that are refused or unchanged, then those that were queued."""
        found = self._find({read.row.cells["exchange"] for read in rows if "exchange" in read.row.cells})
        others = self._others(found.values())
        logs = self._logs(found.values())
        results: list[RowResult] = []
        wanted: list[tuple[ReadAnswer, Exchange, FeedbackBody]] = []
        for read in rows:
            body = read.body
            if body is None:
                results.append(self._result(read, RowOutcome.REFUSED))
                continue
            name = read.row.cells["exchange"]
            try:
                exchange = found[name] if name in found else self._missing()
                if exchange.key in others:
                    raise NotYourExchange(pointer="/exchange")
                if self._is_told(exchange, read.row.cells["asked_message"], body, logs.get(name, ())):
                    results.append(self._result(read, RowOutcome.UNCHANGED, name))
                    continue
                check_asked(exchange, body)
                if name in self._answered:
                    raise AnsweredTwice(pointer="/exchange")
            except Refused as refusal:
                results.append(self._refused(read, refusal))
            else:
                self._answered.add(name)
                wanted.append((read, exchange, body))
        return [*results, *self._queue(wanted)]

    def _find(self, names: set[str]) -> Mapping[str, Exchange]:
        """The exchanges that the sheet may answer, by name, as they are once their links are locked."""
        held = [
            exchange
            for link in self._ledger.links.all()
            for exchange in self._ledger.exchanges.load(link.id, Role.ASKED, names).values()
        ]
        return {exchange.key.exchange: exchange for exchange in locked(self._ledger, held).values() if self._may(exchange)}

    def _others(self, held: Iterable[Exchange]) -> frozenset[ExchangeKey]:
        return frozenset() if self._by is None else hidden_from(self._ledger, held, self._by, civil_day(self._now))

    def _may(self, exchange: Exchange) -> bool:
        township = self._sheet.township
        return exchange.own == self._sheet.county and (township is None or exchange.handled_by == township)

    def _logs(self, exchanges: Iterable[Exchange]) -> dict[str, list[LoggedMessage]]:
        logs: dict[str, list[LoggedMessage]] = {}
        by_link: dict[int, set[str]] = {}
        for exchange in exchanges:
            by_link.setdefault(exchange.key.link, set()).add(exchange.key.exchange)
        for link, names in by_link.items():
            logs.update(self._ledger.messages.of_exchanges(link, names))
        return logs

    def _is_told(self, exchange: Exchange, asked: str, body: FeedbackBody, log: Iterable[LoggedMessage]) -> bool:
        """Whether the row's answer was given already; a Refused leaf if the row is stale."""
        talk = exchange.conversation
        if talk is None or talk.state is State.WITHDRAWN:
            raise NotInThisState(
                zh="对方已撤回该事项，不再需要反馈。", en="The other side took the exchange back.", pointer="/exchange"
            )
        given = [
            message
            for message in log
            if message.kind is Kind.FEEDBACK
            and message.direction is Direction.OUT
            and message.in_reply_to == asked
            and message.outcome is not Outcome.REJECTED
        ]
        if given:
            last = max(given, key=lambda message: message.id)
            if _same(last, body):
                return True
            raise UnderWay(pointer="/exchange") if last.outcome is None else AnsweredAlready(pointer="/exchange")
        if talk.state not in OWED or asked != (talk.challenge or exchange.opening):
            raise AskedAnew(pointer="/asked_message")
        return False

    def _queue(self, wanted: Sequence[tuple[ReadAnswer, Exchange, FeedbackBody]]) -> list[RowResult]:
        """Queue all answers together; where one is refused, one after the other, so that it keeps no other from being given."""
        node, said = self._sheet.node, [(exchange, Said(kind=Kind.FEEDBACK, body=body)) for _, exchange, body in wanted]
        if not said:
            return []
        try:
            reply_all(self._ledger, node, said, self._now)
        except Refused:
            return [self._one(read, exchange, body) for read, exchange, body in wanted]
        return [self._result(read, RowOutcome.ACCEPTED, exchange.key.exchange) for read, exchange, _ in wanted]

    def _one(self, read: ReadAnswer, exchange: Exchange, body: FeedbackBody) -> RowResult:
        try:
            reply(self._ledger, self._sheet.node, exchange, Said(kind=Kind.FEEDBACK, body=body), self._now)
        except Refused as refusal:
            return self._refused(read, refusal)
        return self._result(read, RowOutcome.ACCEPTED, exchange.key.exchange)

    def _refused(self, read: ReadAnswer, refusal: Refused) -> RowResult:
        return self._result(read, RowOutcome.REFUSED, None, refusal_problem(refusal))

    def _result(self, read: ReadAnswer, outcome: RowOutcome, made: str | None = None, *told: RowProblem) -> RowResult:
        return self._sheet.facts.result(self._import, read.row, outcome, (*read.problems, *told), made)

    @staticmethod
    def _missing() -> Exchange:
        raise NotFound(pointer="/exchange")


def _same(message: LoggedMessage, body: FeedbackBody) -> bool:
    """Whether a feedback says the same; the township is filled in when it is queued."""
    if message.line is None:
        return False
    read = read_message(message.line)
    if not isinstance(read, Feedback):
        raise TypeError("the log calls a message a feedback that is none")
    return structs.replace(read.body, handled_by=None, note=None) == structs.replace(body, handled_by=None)
