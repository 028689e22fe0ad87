"""Own systems are told everything in order, signed; what fails comes again with the same id, and delays nobody else."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from adapters.auditing.ledgers import AuditedLedgers
from adapters.memory import MemoryLedgers
from adapters.partner_http import http_client
from adapters.webhook_http import OWN_SYSTEMS, WebhookReceiver
from adapters.webhooks import WebhookAddress, read_secret
from exchange.announcements import GIVE_UP_AFTER, LEAST_ATTEMPTS, Notification, wait_after
from exchange.ledger import LedgerBusy, Page
from jobs.notifier import GIVEN_UP, LONGEST_REST, Notifier
from jobs.runner import on_shift, run_once
from jobs.timetable import SCHEDULE
from jobs.upkeep.tidy import KEEP_NOTIFICATIONS, tidy
from tests.builders import WUCHANG, a_moment, a_notification, an_id
from tests.building.sealing import open_database
from tests.building.waiting import until
from tests.jobs.offices import Pair, a_pair
from tests.jobs.receiver import SECRET, Receiver, receiving


class Forgetful(MemoryLedgers):
    """Books that keep nothing for a while: as if the process had been killed between the post and the record."""

    killed = False

    def transaction(self, *, read_only=False, within=None):
        if self.killed and not read_only:
            raise LedgerBusy
        return super().transaction(read_only=read_only)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture
def pair(tmp_path: Path, receiver: Receiver) -> Pair:
    """Two nodes, of which Xicheng tells its own systems."""
    made = a_pair(tmp_path, Forgetful())
    listen(made, receiver.url)
    return made


def listen(pair: Pair, url: str) -> None:
    pair.xicheng.node = replace(pair.xicheng.node, webhooks=True)
    pair.xicheng.webhooks = WebhookAddress(url=url, key=read_secret(SECRET))


def put(pair: Pair, *numbers: int) -> None:
    """Write what is to be told."""
    with pair.xicheng.ledgers.transaction() as ledger:
        ledger.notifications.add([a_notification(n, created_at=pair.clock.now(), retry_at=pair.clock.now()) for n in numbers])


def waiting(pair: Pair) -> list[Notification]:
    with pair.xicheng.ledgers.transaction(read_only=True) as ledger:
        return ledger.notifications.due(pair.clock.now() + timedelta(days=30), 1000)


def a_notifier(pair: Pair, client: httpx.Client, *, jitter: float = 1.0) -> Notifier:
    assert pair.xicheng.webhooks is not None
    return Notifier(pair.xicheng, WebhookReceiver(pair.xicheng.webhooks, client), threading.Event(), jitter=lambda: jitter)


@pytest.fixture
def notifier(pair: Pair) -> Iterator[Notifier]:
    with http_client(reach=OWN_SYSTEMS) as client:
        made = a_notifier(pair, client)
        yield made
        made.close()


def test_everything_that_waits_is_posted_in_order_and_signed(pair: Pair, receiver: Receiver, notifier: Notifier):
    put(pair, 3, 1, 2)
    assert notifier.start().result() == 3
    assert receiver.ids == [an_id(1), an_id(2), an_id(3)]
    assert all(each.authentic for each in receiver.got)
    assert [each.body["data"]["exchange"] for each in receiver.got] == receiver.ids
    assert receiver.got[0].headers["content-type"] == "application/json"
    assert notifier.start().result() == 0
    assert len(receiver.got) == 3


def test_more_than_fit_into_one_look_are_posted_in_one_round(pair: Pair, receiver: Receiver, notifier: Notifier):
    put(pair, *range(1, 131))
    assert notifier.start().result() == 130
    assert receiver.ids == sorted(receiver.ids)


def test_what_became_overdue_is_told_of_once_even_if_no_process_ran_that_day(pair: Pair, receiver: Receiver):
    exchange = pair.ask()
    run_once(pair.xicheng, pair.client)
    held = pair.held(pair.xicheng, exchange)
    assert held is not None
    assert held.first_due is not None
    until = (held.first_due - pair.clock.now().date()).days
    for days in (until - 1, 5, 1, 1):  # nothing runs on the limit, nor on the days after it
        pair.clock.move(timedelta(days=days))
        run_once(pair.xicheng, pair.client)
    assert [each.body for each in receiver.got] == [
        {
            "type": "exchange.overdue",
            "timestamp": f"{held.first_due.isoformat()}T16:00:00.000Z",  # midnight after it in Shanghai
            "data": {"exchange": exchange, "role": "asker", "own": "110102", "other": WUCHANG},
        }
    ]


@pytest.mark.parametrize("status", [301, 400, 404, 410, 429, 500, 503])
def test_what_is_not_taken_comes_again_with_the_same_id_and_body(pair: Pair, receiver: Receiver, notifier: Notifier, status: int):
    put(pair, 1)
    receiver.answers = [(status, {"location": receiver.url})]
    assert notifier.start().result() == 0
    assert notifier.start().result() == 0
    assert len(receiver.got) == 1
    pair.clock.move(timedelta(seconds=5))
    assert notifier.start().result() == 1
    assert receiver.ids == [an_id(1)] * 2
    assert receiver.got[0].body == receiver.got[1].body
    assert all(each.authentic for each in receiver.got)
    assert waiting(pair) == []


def test_a_receiver_that_is_not_there_is_tried_again(pair: Pair, tmp_path: Path, receiver: Receiver):
    listen(pair, "http://127.0.0.1:1/hooks")
    put(pair, 1)
    with http_client(reach=OWN_SYSTEMS) as client:
        notifier = a_notifier(pair, client)
        assert notifier.start().result() == 0
        notifier.close()
    (failed,) = waiting(pair)
    assert (failed.attempts, failed.retry_at) == (1, pair.clock.now() + timedelta(seconds=5))


def test_one_that_is_never_taken_lets_the_others_pass(pair: Pair, receiver: Receiver, notifier: Notifier):
    put(pair, 1, 2, 3)
    receiver.answers = [(500, {})]
    notifier.start().result()
    pair.clock.move(timedelta(seconds=5))
    receiver.answers = [(500, {})]
    notifier.start().result()
    pair.clock.move(timedelta(seconds=5))  # the first has ten seconds to wait, and so has everybody
    assert notifier.start().result() == 0
    with http_client(reach=OWN_SYSTEMS) as client:
        fresh = a_notifier(pair, client)  # another process does not know of the rest, and keeps to the waits that are written
        assert fresh.start().result() == 2
        fresh.close()
    assert receiver.ids == [an_id(1), an_id(1), an_id(2), an_id(3)]
    assert [each.id for each in waiting(pair)] == [an_id(1)]


def test_retry_after_is_obeyed_for_everything(pair: Pair, receiver: Receiver, notifier: Notifier):
    put(pair, 1, 2)
    receiver.answers = [(429, {"retry-after": "3600"})]
    notifier.start().result()
    pair.clock.move(timedelta(seconds=3599))
    assert notifier.start().result() == 0
    assert receiver.ids == [an_id(1)]
    pair.clock.move(timedelta(seconds=1))
    assert notifier.start().result() == 2


def test_waits_double_up_to_three_hours_and_are_spread():
    waits = [wait_after(attempts, 1.0).total_seconds() for attempts in range(1, 15)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10240, 10800, 10800]
    assert wait_after(1, 0.0) == timedelta(seconds=2.5)


def test_after_three_days_it_is_given_up_with_one_finding_a_day(pair: Pair, receiver: Receiver, notifier: Notifier):
    put(pair, 1, 2)
    begun, attempts = pair.clock.now(), 0
    while waiting(pair):
        receiver.answers = [(500, {})]
        notifier.start().result()
        pair.clock.move(LONGEST_REST)
        attempts += 1
        assert attempts < 1000
    assert GIVE_UP_AFTER <= pair.clock.now() - begun < GIVE_UP_AFTER + timedelta(hours=4)
    assert all(receiver.ids.count(an_id(n)) >= LEAST_ATTEMPTS for n in (1, 2))
    with pair.xicheng.ledgers.transaction(read_only=True) as ledger:
        (finding,) = ledger.chores.findings(Page())
    assert (finding.kind, finding.partner) == (GIVEN_UP, None)
    assert finding.subject.startswith("exchange.received 019caf00-")
    assert "the last one: status 500" in finding.detail


def test_who_is_stopped_between_post_and_record_posts_the_same_id_again(pair: Pair, receiver: Receiver, notifier: Notifier):
    put(pair, 1)
    audited = pair.xicheng.ledgers
    assert isinstance(audited, AuditedLedgers)
    books = audited.unaudited
    assert isinstance(books, Forgetful)
    books.killed = True
    assert notifier.start().result() == 0
    books.killed = False
    assert notifier.start().result() == 1
    assert receiver.ids == [an_id(1), an_id(1)]


def test_a_receiver_that_does_not_answer_delays_no_delivery(pair: Pair, receiver: Receiver):
    put(pair, 1)
    receiver.silent.set()
    exchange = pair.ask()
    rounds = [job for job in SCHEDULE if job.name in ("deliver", "notify")]
    with on_shift(pair.xicheng, pair.client) as shift:
        for job in reversed(rounds):
            job.run(shift)
        assert receiver.heard.wait(10)
        for job in reversed(rounds):
            job.run(shift)
        assert until(lambda: pair.held(pair.wuchang, exchange) is not None, seconds=5)
        assert receiver.ids == [an_id(1)]
        receiver.silent.clear()
    assert waiting(pair) == []


def test_what_is_done_with_is_forgotten_after_a_month(pair: Pair, receiver: Receiver):
    put(pair, 1)
    run_once(pair.xicheng, pair.client)
    with on_shift(pair.xicheng, pair.client) as shift:
        assert ", 0 answers, assertions, notifications and sessions forgotten" in tidy(shift)
        pair.clock.move(KEEP_NOTIFICATIONS + timedelta(minutes=1))
        assert ", 1 answers, assertions, notifications and sessions forgotten" in tidy(shift)


def test_without_an_address_there_is_no_notifier(tmp_path: Path):
    pair = a_pair(tmp_path)
    put(pair, 1)
    with on_shift(pair.xicheng, pair.client) as shift:
        assert shift.notifier is None
        assert [job.run(shift) for job in SCHEDULE if job.name == "notify"] == [""]
    assert len(waiting(pair)) == 1


def test_neither_the_address_nor_the_key_is_shown():
    address = WebhookAddress(url="https://user-system.example/hooks/token", key=read_secret(SECRET))
    assert repr(address) == "WebhookAddress()"


def woshou(data: Path, url: str, *words: str) -> subprocess.Popen[bytes]:
    """The program as its operator starts it."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("WOSHOU_")}
    environment = {**outside, "WOSHOU_DATA": str(data), "WOSHOU_WEBHOOK_URL": url, "WOSHOU_WEBHOOK_SECRET": SECRET}
    command = [sys.executable, "-m", "woshou", *words]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test_a_jobs_process_that_is_killed_during_a_post_posts_the_same_id_after_its_start(tmp_path: Path, receiver: Receiver):
    data = tmp_path / "node"
    made = woshou(
        *(data, receiver.url, "init", "--node", "wuchang.example", "--title", "武昌区", "--jurisdiction", WUCHANG),
        *("--url", "http://127.0.0.1:8000"),
    )
    assert made.wait(60) == 0, made.communicate()
    made.communicate()
    database = open_database(f"sqlite:///{data / 'woshou.sqlite3'}")
    with database.transaction() as ledger:
        ledger.notifications.add([a_notification(1, created_at=a_moment(), retry_at=a_moment())])
    receiver.silent.set()
    killed = woshou(data, receiver.url, "jobs")
    assert receiver.heard.wait(60)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    receiver.silent.clear()
    again = woshou(data, receiver.url, "jobs", "--once")
    told, _ = again.communicate(timeout=60)
    assert again.returncode == 0, told
    assert receiver.ids == [an_id(1), an_id(1)]
    assert all(each.authentic for each in receiver.got)
    assert SECRET.encode() not in told
    assert receiver.url.encode() not in told
    with database.transaction(read_only=True) as ledger:
        assert ledger.notifications.due(a_moment(10**9), 10) == []
    database.close()
