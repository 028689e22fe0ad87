"""Processes that are being started when a signal comes."""

import os
import signal
from collections.abc import Iterator

import pytest

from woshou.demo.nodes import _signals_later


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C interrupts, also where a shell started the tests in the background and told them to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_signal_that_comes_while_a_process_is_started_counts_when_it_is_known():
    known = list[str]()

    def start() -> None:
        with _signals_later():
            os.kill(os.getpid(), signal.SIGINT)
            known.append("started")

    with pytest.raises(KeyboardInterrupt):
        start()
    assert known == ["started"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
