"""Certificates: on the first day each county checks some that its newcomers have shown, with the counties that issued them."""

from concurrent.futures import ThreadPoolExecutor

from woshou.demo.nodes import DemoNode

# An answer takes a quarter of a second, whatever it is.
_EACH = 10


def check_certificates(nodes: list[DemoNode]) -> None:
    """Ask about the certificates of some inflow entries, at all nodes at one time."""
    issuers = {node.county for node in nodes}
    with ThreadPoolExecutor(len(nodes)) as clerks:
        list(clerks.map(lambda node: _check_some(node, issuers), nodes))


def _check_some(node: DemoNode, issuers: set[str]) -> None:
    entries = node.get("/api/v1/entries", register="inflow", limit=1000)["items"]
    shown = [entry for entry in entries if entry["origin"] in issuers and "certificate" in entry["record"]]
    for entry in sorted(shown, key=lambda entry: str(entry["id"]))[:_EACH]:
        number = entry["record"]["certificate"]["number"]
        node.post("/api/v1/certificate-checks", {"entry": entry["id"], "number": number})
