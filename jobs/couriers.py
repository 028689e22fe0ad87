"""Couriers at work: a thread for each partner that is being delivered to, so that a slow one never delays another."""

import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import structlog

from exchange.ledger import LedgerBusy
from jobs.courier import Courier

_log = structlog.get_logger("courier")
# A call to a partner ends within its time limit, and then the backoff frees the thread: this many may hang at one time.
MOST = 32


class Couriers:
    """Starts deliveries; a partner that is being delivered to is not started twice."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._pool = ThreadPoolExecutor(max_workers=MOST, thread_name_prefix="courier")
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[int]] = {}

    def start(self, partners: Iterable[str]) -> list[Future[int]]:
        """Start a delivery to each of these partners, but for those under way."""
        started = []
        for partner in partners:
            with self._lock:
                if partner in self._under_way:
                    continue
                future = self._pool.submit(self._courier.deliver_to, partner)
                self._under_way[partner] = future
            future.add_done_callback(partial(self._done, partner))
            started.append(future)
        return started

    def close(self) -> None:
        """Wait for what is under way; begin nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _done(self, partner: str, done: Future[int]) -> None:
        fault = None if done.cancelled() else done.exception()
        try:
            # Before the partner may be started again: a round in between would meet the same fault.
            if fault is not None:
                self._courier.broke_down(partner, fault)
        except LedgerBusy:
            _log.warning("a failed delivery was not put off: the ledger is busy", partner=partner)
        finally:
            with self._lock:
                self._under_way.pop(partner, None)
