"""Logs are JSON lines without persons: whatever an exception or an address says stays out."""

import io
import json
import logging
import sys

import pytest
import structlog

from exchange.errors import NotFound
from woshou.logging import configure


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch):
    """Configure the logs, and read what was logged."""
    root, stderr = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stderr", stderr)
    configure("json")
    yield lambda: [json.loads(line) for line in stderr.getvalue().splitlines()]
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def test_an_event_is_one_json_line(lines):
    structlog.get_logger("courier").info("batch delivered", partner="武昌.example", messages=3)
    (line,) = lines()
    told = {name: line[name] for name in ("event", "level", "logger", "partner", "messages")}
    assert told == {
        "event": "batch delivered",
        "level": "info",
        "logger": "courier",
        "partner": "武昌.example",
        "messages": 3,
    }


def test_an_exception_is_its_type_and_its_places_not_its_text(lines):
    try:
        raise ValueError("王小明 11010219900307001X")
    except ValueError:
        logging.getLogger("anything").exception("it failed")
        structlog.get_logger("anything").error("it failed", exc_info=True)
    first, second = lines()
    for line in (first, second):
        assert line["error"] == "ValueError"
        assert "test_logging.py" in line["at"][0]
        assert "王小明" not in json.dumps(line, ensure_ascii=False)


def test_a_refusal_of_ours_is_logged_by_its_code(lines):
    structlog.get_logger("jobs").error("it failed", exc_info=NotFound())
    (line,) = lines()
    assert line["error"] == "NotFound: not-found"


def test_an_address_is_logged_without_its_query(lines):
    log = logging.getLogger("uvicorn.access")
    log.info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "GET", "/api/v1/entries?other=420106", "1.1", 200)
    (line,) = lines()
    assert line["event"] == '127.0.0.1:1 - "GET /api/v1/entries HTTP/1.1" 200'


def test_a_failed_job_is_logged_without_what_the_scheduler_quotes(lines):
    try:
        raise RuntimeError("王小明")
    except RuntimeError:
        logging.getLogger("apscheduler.executors.default").exception('Job "%s" raised an exception', "王小明")
    (line,) = lines()
    assert (line["event"], line["error"]) == ("job failed", "RuntimeError")
