"""Local callers, and the answers that their idempotency keys recall."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import ColumnElement, and_, select, tuple_

from adapters.database.faults import or_busy
from adapters.database.tables import ApiKeyRow, DeedCountRow, RememberedAnswerRow
from adapters.database.values import moment_of, stored
from adapters.database.work import STREAMED, AnyRow, Work, named, table_of
from exchange.ledger import ApiKey, RememberedAnswer
from exchange.moments import from_milliseconds
from exchange.work.daily import Deed

_KEYS = table_of(ApiKeyRow)
_COUNTS = table_of(DeedCountRow)
_ANSWERS = table_of(RememberedAnswerRow)


class SqlAccess:
    """`exchange.ledger.Access` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def api_keys(self) -> list[ApiKey]:
        return [_key(row) for row in self._work.rows(select(_KEYS).order_by(_KEYS.c.created_at, _KEYS.c.id))]

    def api_key(self, key_id: str) -> ApiKey | None:
        row = self._work.first(select(_KEYS).where(_KEYS.c.id == key_id))
        return None if row is None else _key(row)

    def save_api_key(self, key: ApiKey) -> None:
        self._work.put(ApiKeyRow, stored(key))

    def remembered(self, caller: str, key: str) -> RememberedAnswer | None:
        row = self._work.first(select(_ANSWERS).where(_ANSWERS.c.caller == caller, _ANSWERS.c.key == key))
        if row is None:
            return None
        values = named(_ANSWERS, self._work.opened(RememberedAnswerRow, [row])[0])
        # One whose key was destroyed had been forgotten before an older copy of the ledger came back.
        return None if values["body"] is None else RememberedAnswer(**{**values, "at": from_milliseconds(row.at)})

    def remember(self, answer: RememberedAnswer) -> None:
        # The same key twice at once: the later of the two must undo its work, and will find this answer when it comes again.
        with or_busy():
            self._work.insert(RememberedAnswerRow, [tuple(stored(answer).values())])

    def forget_naming(self, words: Iterable[bytes]) -> int:
        wanted, place = tuple(words), (_ANSWERS.c.caller, _ANSWERS.c.key)
        answers = select(_ANSWERS).where(_ANSWERS.c.body.is_not(None)).order_by(*place).limit(STREAMED)
        naming, rows = list[ColumnElement[bool]](), self._work.rows(answers)
        while rows and wanted:
            for row, answer in zip(rows, self._work.opened(RememberedAnswerRow, rows), strict=True):
                body = named(_ANSWERS, answer)["body"]
                if body is not None and any(word in body for word in wanted):
                    naming.append(and_(_ANSWERS.c.caller == row.caller, _ANSWERS.c.key == row.key))
            rows = self._work.rows(answers.where(tuple_(*place) > tuple_(rows[-1].caller, rows[-1].key)))
        for each in naming:
            self._work.delete(RememberedAnswerRow, each)
        return len(naming)

    def count(self, caller: str, day: date, deed: Deed, times: int) -> int:
        counts = _COUNTS.c
        place = {"caller": caller, "day": day.isoformat(), "deed": deed.value}
        self._work.claim(DeedCountRow, {**place, "times": 0})
        its = (counts.caller == caller, counts.day == place["day"], counts.deed == place["deed"])
        self._work.change(_COUNTS.update().where(*its).values(times=counts.times + times))
        row = self._work.first(select(counts.times).where(*its))
        return 0 if row is None else int(row[0])

    def forget_counts(self, before: date) -> int:
        return self._work.change(_COUNTS.delete().where(_COUNTS.c.day < before.isoformat()))


def _key(row: AnyRow) -> ApiKey:
    created_at, revoked_at = from_milliseconds(row.created_at), moment_of(row.revoked_at)
    return ApiKey(**{**row._mapping, "created_at": created_at, "revoked_at": revoked_at})
