"""Reports that come from below: whose they may be, and how they are summed."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from msgspec import structs

from exchange.errors import NotFound
from exchange.jurisdiction import Category
from exchange.moments import format_moment
from exchange.rates import RateName
from exchange.reporting.frozen.monthly import CorrectionReason, MalformedReport, freeze_as
from exchange.reporting.frozen.summing import sum_of, summed_report
from exchange.reporting.frozen.thawing import report_of
from exchange.reporting.frozen.upward import (
    JurisdictionNotConfirmed,
    NotAbove,
    ReportContradicts,
    ReportNotAddressed,
    read_signed,
    write_signed,
)
from exchange.reporting.table import shown
from exchange.verbs.reporting.make_report import maker_of
from exchange.verbs.reporting.send_report import gather_parts, queue_report, sign_report, take_report
from exchange.verbs.submit import NoRoute
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, a_frozen, a_moment, a_monthly, a_partner, a_received, frozen_line
from tests.rates.histories import HANYANG, JIANGAN, XILING, a_counting_node, holding
from tests.reports.making import WUHAN

ABOVE = a_counting_node(XILING, name="hubei.example")
NOW = a_moment(10)
PARTNER = a_partner(confirmed=(WUCHANG, HANYANG))


def signed_for(monthly, *, receiver=ABOVE.name, sender=WUCHANG_NODE, at=NOW):
    return write_signed(freeze_as(monthly), sender, receiver, at)


def take(payload, *, ledgers=None, node=ABOVE, partner=PARTNER, now=NOW):
    with (ledgers or holding([])).transaction() as ledger:
        return take_report(ledger, node, partner, payload, "a.b.c", now)


OURS = a_monthly(WUCHANG, WUCHANG_NODE)


def test_a_report_is_taken_once_with_its_signature():
    ledgers = holding([])
    (head, fresh), (same, again) = take(signed_for(OURS), ledgers=ledgers), take(signed_for(OURS), ledgers=ledgers)
    assert (fresh, again, head) == (True, False, same)
    with ledgers.transaction(read_only=True) as ledger:
        held = ledger.reports.received(head.digest)
    assert held is not None
    assert (held.read(), held.jws, held.payload) == (OURS, "a.b.c", freeze_as(OURS).payload)


@pytest.mark.parametrize(
    ("payload", "refusal"),
    [
        (signed_for(OURS, receiver="other.example"), ReportNotAddressed),
        (signed_for(OURS, sender="other.example"), ReportNotAddressed),
        (signed_for(a_monthly(WUCHANG, "other.example")), ReportNotAddressed),
        (signed_for(a_monthly(JIANGAN, WUCHANG_NODE)), JurisdictionNotConfirmed),
        (signed_for(a_monthly(WUCHANG, WUCHANG_NODE, counties=[HANYANG])), JurisdictionNotConfirmed),
        (signed_for(a_monthly("999999", WUCHANG_NODE, counties=[WUCHANG])), JurisdictionNotConfirmed),
        (signed_for(OURS, at=NOW + timedelta(minutes=6)), MalformedReport),
        (signed_for(OURS, at=a_moment(-1)), MalformedReport),
        (signed_for(OURS).replace(b'"digest":"', b'"digest":"x', 1), MalformedReport),
        (signed_for(OURS).replace(b'"numerator":8', b'"numerator":9', 1), MalformedReport),
        (b"{}", MalformedReport),
    ],
)
def test_what_is_not_the_senders_to_say_is_refused(payload, refusal):
    ledgers = holding([])
    with pytest.raises(refusal):
        take(payload, ledgers=ledgers)
    with ledgers.transaction(read_only=True) as ledger:
        assert ledger.reports.received_heads() == []


def test_a_node_that_serves_nothing_in_the_province_takes_none():
    elsewhere = a_counting_node(XICHENG, name=ABOVE.name)
    with pytest.raises(NotAbove):
        take(signed_for(OURS), node=elsewhere)


def test_another_report_of_an_edition_is_refused_and_a_correction_is_taken():
    ledgers = holding([])
    take(signed_for(OURS), ledgers=ledgers)
    rival = structs.replace(OURS, figures=[frozen_line(WUCHANG, 9)])
    with pytest.raises(ReportContradicts):
        take(signed_for(rival), ledgers=ledgers)
    digest = freeze_as(OURS).head.digest
    second = structs.replace(rival, edition=2, supersedes=digest, correction=CorrectionReason.DATA_CORRECTED)
    assert take(signed_for(second), ledgers=ledgers)[1]


def test_the_frozen_bytes_stand_in_what_is_signed_as_they_are():
    payload = signed_for(OURS)
    signed, carried = read_signed(payload)
    assert carried == freeze_as(OURS).payload
    assert carried in payload
    assert (signed.report, signed.signed_at) == (OURS, format_moment(NOW))
    assert msgspec.json.decode(payload)["digest"] == freeze_as(OURS).head.digest


def test_the_sum_adds_counts_never_rates_and_names_what_is_missing():
    ledgers = holding([])
    node = a_counting_node(JIANGAN, name="hubei.example")
    with ledgers.transaction() as ledger:
        ledger.reports.receive(a_received(WUCHANG, figures=[frozen_line(WUCHANG, 1, 1)]))
        ledger.reports.receive(a_received(HANYANG, figures=[frozen_line(HANYANG, 0, 9)]))
        ledger.reports.receive(a_received(XILING, figures=[frozen_line(XILING, 5, 5)]))
        ledger.reports.freeze([a_frozen(JIANGAN, node=node.name, figures=[frozen_line(JIANGAN, 2, 10)])])
        summed = gather_parts(ledger, node, WUHAN, "2026-02")
        with pytest.raises(NotFound):
            gather_parts(ledger, node, WUHAN, "2026-01")
    (table,) = summed_report(summed, WUHAN, Category.MIGRANT, maker_of(node)).tables
    assert [row[1:4] for row in table.rows] == [(JIANGAN, 2, 10), (HANYANG, 0, 9), (WUCHANG, 1, 1)]
    assert table.totals is not None
    assert table.totals[:5] == ("合计", WUHAN, 3, 20, table.totals[4])
    assert shown(table.totals[4]) == "15.00 %"
    assert table.totals[20:22] == (None, None)
    assert set(summed.missing) == set(node.divisions.counties_within(WUHAN)) - {JIANGAN, HANYANG, WUCHANG}
    assert any(f"尚缺 {len(summed.missing)} 个地区" in note.zh for note in table.footnotes)


def test_the_last_edition_counts_and_no_county_twice():
    ledgers = holding([])
    first = a_received(WUCHANG)
    wide = a_received(WUHAN, counties=[WUCHANG, HANYANG], figures=[frozen_line(WUHAN, 3, 4)])
    second = a_received(
        HANYANG, edition=2, supersedes=first.head.digest, correction=CorrectionReason.LATE_FACTS, figures=[frozen_line(HANYANG)]
    )
    with ledgers.transaction() as ledger:
        for received in (first, wide, a_received(HANYANG), second, a_received(JIANGAN)):
            ledger.reports.receive(received)
        summed = gather_parts(ledger, ABOVE, "420000", "2026-02")
    assert [part.report.jurisdiction for part in summed.parts] == [WUHAN, JIANGAN]
    alone = holding([])
    with alone.transaction() as ledger:
        for received in (a_received(HANYANG), second):
            ledger.reports.receive(received)
        (part,) = gather_parts(ledger, ABOVE, HANYANG, "2026-02").parts
    assert part.report.edition == 2


def test_a_rate_that_one_part_has_not_counted_has_no_sum():
    without = [
        structs.replace(rate, numerator=None, denominator=None, reason="not-reconciled", beside=None)
        if rate.rate is RateName.HANDSHAKE
        else rate
        for rate in frozen_line(WUCHANG).rates
    ]
    ledgers = holding([])
    with ledgers.transaction() as ledger:
        ledger.reports.receive(a_received(WUCHANG, figures=[frozen_line(WUCHANG, rates=without)]))
        ledger.reports.receive(a_received(HANYANG))
        reports = [report_of(part.report, Category.MIGRANT) for part in gather_parts(ledger, ABOVE, WUHAN, "2026-02").parts]
    whole = sum_of(WUHAN, [report.figures[0] for report in reports], reports[0])
    handshake, given = whole.rate(RateName.HANDSHAKE), whole.rate(RateName.FEEDBACK_GIVEN)
    assert (handshake.numerator, handshake.reason and handshake.reason.code) == (None, "parts-without-counts")
    assert (given.numerator, given.denominator) == (16, 20)


def test_a_report_is_sent_once_to_an_active_partner_and_anew_after_a_refusal():
    ledgers, frozen = holding([]), a_frozen(WUCHANG, node=ABOVE.name)
    with ledgers.transaction() as ledger:
        ledger.reports.freeze([frozen])
        with pytest.raises(NoRoute):
            queue_report(ledger, ABOVE, frozen.head.digest, WUCHANG_NODE, NOW, signer)
        with pytest.raises(NotFound):
            sign_report(ledger, ABOVE, "A" * 43, WUCHANG_NODE, NOW, signer)
        ledger.partners.save(PARTNER)
        first = queue_report(ledger, ABOVE, frozen.head.digest, WUCHANG_NODE, NOW, signer)
        assert queue_report(ledger, ABOVE, frozen.head.digest, WUCHANG_NODE, a_moment(20), signer) == first
        ledger.reports.put_sending(replace(first, refused="not-served"))
        anew = queue_report(ledger, ABOVE, frozen.head.digest, WUCHANG_NODE, a_moment(20), signer)
    assert (anew.queued_at, anew.refused, anew.waits) == (a_moment(20), None, True)


def signer(payload: bytes) -> str:
    return f"header.{len(payload)}.signature"
