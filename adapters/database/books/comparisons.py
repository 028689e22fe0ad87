"""What comparing a link's figures reads of it, and what came of each comparison."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy import bindparam, func, select

from adapters.database.books.exchange_rows import exchange_of, fact_of
from adapters.database.books.messages import message_of
from adapters.database.pages import newest_first
from adapters.database.tables import BatchRow, ComparisonRow, ExchangeRow, FactRow, MessageRow
from adapters.database.work import AnyRow, Asked, Values, Work, table_of
from exchange.codes import Role
from exchange.comparing.comparison import Comparison
from exchange.conversation import Fact
from exchange.exchanges import Acceptance, Direction, LoggedMessage
from exchange.ledger import ComparedExchange, Page
from exchange.moments import Period, day_end, day_start, from_milliseconds, to_milliseconds
from exchange.wire.batch import Outcome
from exchange.wire.figures import LogLines, read_figures, write

_BATCHES = table_of(BatchRow)
_COMPARISONS = table_of(ComparisonRow)
_EXCHANGES = table_of(ExchangeRow)
_FACTS = table_of(FactRow)
_MESSAGES = table_of(MessageRow)
# So many exchanges at a time: bounded in memory, and each look-up goes by an index.
_CHUNK = 1000
_FACT = (_FACTS.c.what, _FACTS.c.round, _FACTS.c.happened_at, _FACTS.c.known_at, _FACTS.c.message, _FACTS.c.due, _FACTS.c.result)
# All of a message but what is about a person.
_MESSAGE = tuple(column for column in _MESSAGES.columns if column is not _MESSAGES.c.line)
_LINE = _MESSAGES.columns.keys().index("line")
_exchanges = Asked(
    lambda work: (
        select(_EXCHANGES)
        .where(_EXCHANGES.c.link == bindparam("link"), work.among(_EXCHANGES.c.exchange, bindparam("names")))
        .order_by(_EXCHANGES.c.exchange, _EXCHANGES.c.role)
    )
)
_facts = Asked(
    lambda work: (
        select(_FACTS.c.exchange, _FACTS.c.role, *_FACT)
        .where(
            _FACTS.c.link == bindparam("link"),
            work.among(_FACTS.c.exchange, bindparam("names")),
            _FACTS.c.voided_at.is_(None),
        )
        .order_by(_FACTS.c.round, _FACTS.c.happened_at, _FACTS.c.id)
    )
)
_messages = Asked(
    lambda work: (
        select(*_MESSAGE)
        .where(
            _MESSAGES.c.link == bindparam("link"),
            work.among(_MESSAGES.c.exchange, bindparam("names")),
            _MESSAGES.c.sequence.is_not(None),
        )
        .order_by(_MESSAGES.c.id, _MESSAGES.c.direction)
    )
)


class SqlComparisons:
    """`exchange.ledger.Comparisons` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def names(self, link: int, received: Period, limit: int) -> list[str]:
        held = _EXCHANGES.c
        within = (
            held.link == link,
            held.received_at >= to_milliseconds(day_start(received.first)),
            held.received_at < to_milliseconds(day_end(received.last)),
            held.acceptance == Acceptance.ACCEPTED.value,
        )
        return [
            name
            for (name,) in self._work.rows(select(held.exchange).distinct().where(*within).order_by(held.exchange).limit(limit))
        ]

    def exchanges(self, link: int, role: Role | None, names: Sequence[str]) -> Iterator[ComparedExchange]:
        for start in range(0, len(names), _CHUNK):
            values = {"link": link, "names": self._work.listed(names[start : start + _CHUNK])}
            facts: defaultdict[tuple[str, str], list[Fact]] = defaultdict(list)
            for name, held_as, *fact in self._work.ask(_facts, **values):
                facts[name, held_as].append(fact_of(*fact))
            log: defaultdict[str, list[LoggedMessage]] = defaultdict(list)
            for row in self._work.ask(_messages, **values):
                message = message_of((*row[:_LINE], None, *row[_LINE:]))
                log[message.exchange].append(message)
            for exchange in map(exchange_of, self._work.ask(_exchanges, **values)):
                key = exchange.key
                if role in (None, key.role) and exchange.acceptance is Acceptance.ACCEPTED:
                    yield ComparedExchange(
                        exchange=exchange,
                        facts=tuple(facts[key.exchange, key.role.value]),
                        messages=tuple(log[key.exchange]),
                    )

    def lines(self, link: int, direction: Direction, upto: int) -> LogLines:
        batches, messages = _BATCHES.c, _MESSAGES.c
        sent = (batches.link == link, batches.direction == direction.value, batches.sequence <= upto)
        taken = (
            messages.link == link,
            messages.direction == direction.value,
            messages.sequence <= upto,
            messages.outcome == Outcome.ACCEPTED.value,
        )
        (lines,) = self._work.rows(select(func.coalesce(func.sum(batches.messages), 0)).where(*sent))[0]
        (accepted,) = self._work.rows(select(func.count()).select_from(_MESSAGES).where(*taken))[0]
        return LogLines(lines=int(lines), accepted=int(accepted))

    def add(self, comparison: Comparison) -> None:
        self._work.insert(ComparisonRow, [_values(comparison)])

    def get(self, comparison_id: str) -> Comparison | None:
        row = self._work.first(select(_COMPARISONS).where(_COMPARISONS.c.id == comparison_id))
        return None if row is None else _comparison(row)

    def find(self, partner: str | None, page: Page) -> list[Comparison]:
        held = _COMPARISONS.c
        found = select(_COMPARISONS)
        if partner is not None:
            found = found.where(held.partner == partner)
        return [_comparison(row) for row in self._work.rows(newest_first(found, held.at, held.id, page))]


def _values(comparison: Comparison) -> Values:
    return (
        comparison.id,
        comparison.partner,
        to_milliseconds(comparison.at),
        comparison.since.isoformat(),
        comparison.as_of.isoformat(),
        comparison.first.isoformat(),
        comparison.last.isoformat(),
        comparison.sent,
        comparison.received,
        comparison.rules_ours,
        comparison.rules_theirs,
        comparison.equal,
        comparison.whole,
        comparison.differ,
        write(comparison.ours).decode(),
        write(comparison.theirs).decode(),
        comparison.answer_jws,
    )


def _comparison(row: AnyRow) -> Comparison:
    days = {name: date.fromisoformat(getattr(row, name)) for name in ("since", "as_of", "first", "last")}
    return Comparison(
        **{
            **row._mapping,
            **days,
            "at": from_milliseconds(row.at),
            "ours": read_figures(row.ours),
            "theirs": read_figures(row.theirs),
        }
    )
