"""Frozen reports, those on their way up, and those received."""

import pytest

from exchange.ledger import LedgerBusy
from exchange.reporting.frozen.monthly import CorrectionReason
from tests.builders import (
    WUCHANG,
    WUCHANG_NODE,
    XICHENG,
    YUYANG,
    YUYANG_NODE,
    a_digest,
    a_frozen,
    a_moment,
    a_received,
    a_sending,
)

FIRST, OTHER = a_frozen(XICHENG), a_frozen(WUCHANG)
SECOND = a_frozen(XICHENG, edition=2, supersedes=FIRST.head.digest, correction=CorrectionReason.LATE_FACTS)


def test_frozen_reports_come_back_byte_for_byte_and_are_listed_in_their_order(ledgers):
    with ledgers.transaction() as ledger:
        ledger.reports.freeze([OTHER, FIRST])
        ledger.reports.freeze([SECOND])
    with ledgers.transaction(read_only=True) as ledger:
        assert [ledger.reports.frozen(one.head.digest) for one in (FIRST, SECOND, OTHER)] == [FIRST, SECOND, OTHER]
        assert ledger.reports.frozen(a_digest("none")) is None
        assert ledger.reports.heads() == [FIRST.head, SECOND.head, OTHER.head]
        assert ledger.reports.heads(month="2026-02") == ledger.reports.heads()
        assert ledger.reports.heads(month="2026-03") == []


def test_an_edition_of_a_month_is_frozen_once(ledgers):
    with ledgers.transaction() as ledger:
        ledger.reports.freeze([FIRST])
    rival = a_frozen(XICHENG, frozen_at="2026-03-02T02:00:00.000Z")
    with pytest.raises(LedgerBusy), ledgers.transaction() as ledger:
        ledger.reports.freeze([rival])
    with ledgers.transaction(read_only=True) as ledger:
        assert ledger.reports.heads() == [FIRST.head]


def test_what_waits_to_be_sent_is_listed_until_it_went_or_was_refused(ledgers):
    waiting = [a_sending(FIRST, YUYANG_NODE, a_moment(1)), a_sending(FIRST, WUCHANG_NODE, a_moment(2))]
    with ledgers.transaction() as ledger:
        ledger.reports.freeze([FIRST])
        for sending in reversed(waiting):
            ledger.reports.put_sending(sending)
    with ledgers.transaction() as ledger:
        assert ledger.reports.waiting() == waiting
        ledger.reports.put_sending(a_sending(FIRST, YUYANG_NODE, a_moment(1), sent_at=a_moment(3)))
        ledger.reports.put_sending(a_sending(FIRST, WUCHANG_NODE, a_moment(2), refused="not-served"))
    with ledgers.transaction(read_only=True) as ledger:
        assert ledger.reports.waiting() == []
        assert [one.partner for one in ledger.reports.sendings(FIRST.head.digest)] == [WUCHANG_NODE, YUYANG_NODE]
        held = ledger.reports.sending(FIRST.head.digest, WUCHANG_NODE)
        assert held == a_sending(FIRST, WUCHANG_NODE, a_moment(2), refused="not-served")
        assert ledger.reports.sending(FIRST.head.digest, "nobody.example") is None


def test_received_reports_come_back_with_their_signature(ledgers):
    one, other = a_received(), a_received(YUYANG, YUYANG_NODE)
    with ledgers.transaction() as ledger:
        ledger.reports.receive(other)
        ledger.reports.receive(one)
    with ledgers.transaction(read_only=True) as ledger:
        assert [ledger.reports.received(report.head.digest) for report in (one, other)] == [one, other]
        assert ledger.reports.received(a_digest("none")) is None
        assert ledger.reports.received_heads(month="2026-02") == [one.head, other.head]
        assert ledger.reports.received_heads(month="2026-01") == []


def test_an_edition_is_received_once_from_each_sender(ledgers):
    with ledgers.transaction() as ledger:
        ledger.reports.receive(a_received())
    rival = a_received(frozen_at="2026-03-02T02:00:00.000Z")
    with pytest.raises(LedgerBusy), ledgers.transaction() as ledger:
        ledger.reports.receive(rival)
    with ledgers.transaction() as ledger:
        ledger.reports.receive(a_received(node=YUYANG_NODE))
        assert len(ledger.reports.received_heads()) == 2
