"""The stage: three nodes made, started, introduced to each other, and with agreements signed on both sides."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import httpx

from woshou.demo.nodes import DemoNode, await_quiet, await_until, woshou

Say = Callable[[str, str], None]
_CAST = (
    ("xicheng.demo", "北京市西城区卫生健康委员会（演示）", "北京市西城区", "110102"),
    ("wuchang.demo", "武汉市武昌区卫生健康局（演示）", "武汉市武昌区", "420106"),
    ("yuyang.demo", "榆林市榆阳区卫生健康局（演示）", "榆林市榆阳区", "610802"),
)
CLOCK = "clock"


@contextmanager
def stage(folder: Path, opening: str, say: Say) -> Iterator[list[DemoNode]]:
    """Three nodes at work, on a simulated clock that shows `opening`; they end with the block."""
    clock = folder / CLOCK
    with httpx.Client(timeout=60, trust_env=False) as client:
        nodes = [
            DemoNode(name=name, title=title, place=place, county=county, folder=folder / name.split(".")[0], client=client)
            for name, title, place, county in _CAST
        ]
        woshou("clock", "set", opening, "--file", str(clock))
        say("建立三个节点：设置、密钥、数据库……", "Making three nodes: settings, keys, databases …")
        fingerprints = {node.name: node.make(clock) for node in nodes}
        try:
            say("启动六个进程……", "Starting six processes …")
            for node in nodes:
                node.start()
            for node in nodes:
                node.await_ready()
            say("互相开通，核对指纹……", "Introducing them to each other, comparing fingerprints …")
            for one in nodes:
                for other in nodes:
                    if one is not other:
                        _introduce(one, other, fingerprints)
            say("提出并接受协作协议……", "Proposing agreements and accepting them …")
            _agree(nodes)
            yield nodes
        finally:
            for node in nodes:
                node.stop()


def move_clock(nodes: list[DemoNode], moment: str) -> None:
    """Move the clock that all nodes share."""
    woshou("clock", "set", moment, "--data", str(nodes[0].folder))


def _introduce(one: DemoNode, other: DemoNode, fingerprints: dict[str, str]) -> None:
    found = one.post("/api/v1/partners", {"url": other.url}, "operator")
    # The operators read the fingerprints out to each other; here they stand in one list.
    confirmed = {"fingerprint": fingerprints[found["node"]], "jurisdictions": found["claimed"]}
    one.post(f"/api/v1/partners/{found['node']}/confirmation", confirmed, "operator")


def _agree(nodes: list[DemoNode]) -> None:
    for one, other in combinations(nodes, 2):
        proposal = {
            "partner": other.name,
            "jurisdiction": one.county,
            "with": other.county,
            "register_comparison": {"allowed": True, "items": ["name", "birth_date", "marital_status"]},
        }
        one.post("/api/v1/agreements", proposal, "coordinator")
    _await(nodes, lambda signed: not signed["unsent"])
    for node in nodes:
        for signed in _agreements(node):
            if not signed["ours"]:
                node.post(f"/api/v1/agreements/{signed['digest']}/decision", {"decision": "accepted"}, "coordinator")
    _await(nodes, lambda signed: not signed["unsent"] and signed["in_force"])
    await_quiet(nodes)


def _agreements(node: DemoNode) -> list[dict[str, Any]]:
    return list(node.get("/api/v1/agreements", "coordinator")["items"])


def _await(nodes: list[DemoNode], true: Callable[[dict[str, Any]], bool]) -> None:
    await_until(
        lambda: all(len(found := _agreements(node)) == len(nodes) - 1 and all(map(true, found)) for node in nodes),
        "the agreements do not come into force; see jobs.log in the data folders",
    )
