"""The end of the worked example: Xicheng compares its figures of the link with Wuchang's, and looks into one bucket."""

import re
from datetime import date, timedelta

from exchange.moments import Period
from exchange.verbs import compare_figures as verb
from exchange.wire import figures as wire
from exchange.wire import ijson
from exchange.wire.figures import FIGURES_TYPE, ROWS_TYPE, BucketLook
from scripts.wire_example_nodes import BEGIN, Side

SHOWN = (
    ("figures", "西城所问：2 月 21 日至 3 月 20 日的指标 · Xicheng asks for the figures of 21 February to 20 March"),
    ("figure-rows", "西城查看有行的一桶 · Xicheng looks into the one bucket that has a row"),
)


def compared(asker: Side, asked: Side) -> dict[str, str]:
    """The two questions and their signed answers, by file."""
    now, day = BEGIN + timedelta(days=30), date(2026, 3, 31)
    period = Period(first=date(2026, 2, 21), last=date(2026, 3, 20))
    with asker.ledgers.transaction(read_only=True) as ledger:
        link = verb.link_with(ledger, asked.node.name)
    question = verb.question(asker.node, link, period, period.first - timedelta(days=500), day, now)
    body, told_at = wire.write(question), now + timedelta(milliseconds=250)
    with asked.ledgers.transaction(read_only=True) as ledger:
        caller = verb.active_partner(ledger, asker.node.name)
        told = verb.tell_figures(ledger, asked.node, caller, question, ijson.digest(body), told_at)
        (bucket,) = (number for number, digest in enumerate(told.buckets) if digest is not None)
        look = verb.rows_question(question, verb.frame_of(told), [BucketLook(bucket=bucket, held=[])], now)
        rows_body = wire.write(look)
        rows = verb.tell_rows(ledger, asked.node, caller, look, ijson.digest(rows_body), told_at)
    return {
        "figures.request.json": body.decode(),
        "figures.jws": asked.signer(FIGURES_TYPE)(wire.write(told)) + "\n",
        "figure-rows.request.json": rows_body.decode(),
        "figure-rows.jws": asked.signer(ROWS_TYPE)(wire.write(rows)) + "\n",
    }


def shown(files: dict[str, str]) -> list[str]:
    """The lines of the page."""
    lines = []
    for name, title in SHOWN:
        request, answer = f"{name}.request.json", f"{name}.jws"
        payload = ijson.b64url_decode(files[answer].split(".")[1])
        told = f"**{title}** ([{request}](wire-example/{request}), [{answer}](wire-example/{answer}))"
        asked = files[request]
        lines += ["", told, "", "```text", asked, f"digest of the request   {ijson.digest(asked.encode())}"]
        # Most of the 256 buckets are empty; the file has them all.
        lines += ["", re.sub(r"(?:null,){8,}(?:null)?", "…", payload.decode()), "```"]
    return lines
