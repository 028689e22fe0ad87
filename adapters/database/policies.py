"""Row-level security on PostgreSQL: which rows a transaction sees, by what was set when it began (docs/decisions/access.md).

Each transaction says whose records it touches; nothing said means no rows. SQLite has nothing like it.

A new table stands in `POLICIES`, and its revision runs `secured` for it; or in `WITHOUT`, with the reason.
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from exchange.ledger import Within

AREAS, CALLER = "woshou.areas", "woshou.caller"
WHOLE = "*"
# What is said in a transaction is '' in the next one on the same connection, and not NULL.
_AREAS, _CALLER = (f"(SELECT nullif(current_setting('{name}', true), ''))" for name in (AREAS, CALLER))
_ALL = f"{_AREAS} = '{WHOLE}'"
SETTING = f"SELECT set_config('{AREAS}', %s, true), set_config('{CALLER}', %s, true)"


def said(within: Within | None) -> tuple[str, str]:
    """The values of `SETTING` for a transaction on one caller's records, or on the whole node's."""
    if within is None:
        return WHOLE, ""
    if not all(area.isdecimal() for area in within.areas):
        raise ValueError("an area is a division code")
    return ",".join(sorted(within.areas)), within.caller


@dataclass(frozen=True, slots=True)
class Policy:
    """Which rows of a table are seen, changed and removed; `added`: which may be added."""

    seen: str
    added: str


def of_area(column: str) -> Policy:
    """Rows that name the jurisdiction they belong to."""
    rule = f"{_ALL} OR {column} = ANY ((SELECT string_to_array({_AREAS}, ','))::text[])"
    return Policy(rule, rule)


def of_parent(table: str, parent: str, **keys: str) -> Policy:
    """Rows that belong to a row of another table, and are seen where that one is: `keys` are its columns by those here.

    Whatever their parent, they may be added: often they come before it. OFFSET 0 keeps PostgreSQL from reading the whole
    parent's table first, to have its keys at hand.
    """
    same = " AND ".join(f"parent.{theirs} = {table}.{ours}" for ours, theirs in keys.items())
    return Policy(f"{_ALL} OR EXISTS (SELECT FROM {parent} AS parent WHERE {same} OFFSET 0)", "true")


def of_caller(column: str) -> Policy:
    """Rows that one key's requests left."""
    rule = f"{_ALL} OR {column} = {_CALLER}"
    return Policy(rule, rule)


OF_NODE = Policy(_ALL, _ALL)
_EXCHANGE = {"exchange": "exchange", "link": "link", "role": "role"}
POLICIES = {
    "entries": of_area("jurisdiction"),
    "exchanges": of_area("own"),
    "cases": of_area("jurisdiction"),
    "imports": of_area("jurisdiction"),
    "import_runs": of_area("jurisdiction"),
    "cross_checks": of_area("jurisdiction"),
    "cross_check_differences": of_area("jurisdiction"),
    "escalations": of_area("own"),
    "register_differences": of_area("own"),
    "certificate_keys": of_area("jurisdiction"),
    "certificate_checks": of_area("own"),
    "standings": of_area("jurisdiction"),
    "entry_facts": of_parent("entry_facts", "entries", entry="id"),
    "pairing_keys": of_parent("pairing_keys", "entries", entry="id"),
    "import_rows": of_parent("import_rows", "imports", import_id="id"),
    "cross_check_rows": of_parent("cross_check_rows", "cross_checks", check_id="id"),
    "case_exchanges": of_parent("case_exchanges", "cases", case_id="id"),
    "facts": of_parent("facts", "exchanges", **_EXCHANGE),
    "assignments": of_parent("assignments", "exchanges", **_EXCHANGE),
    "pairing_suggestions": of_parent("pairing_suggestions", "exchanges", **_EXCHANGE),
    # Both sides of a local link have the exchange, and its messages.
    "messages": of_parent("messages", "exchanges", exchange="exchange", link="link"),
    "remembered_answers": of_caller("caller"),
    "sessions": of_caller("key"),
    "accounts": OF_NODE,
    "register_tokens": OF_NODE,
    "subject_requests": OF_NODE,
}
_NODE = "the node's own: nothing about a person or a county's matter"
_WIRE = "what passed between two nodes as a whole: digests and signatures, no bodies"
_FIGURES = "figures, which higher levels see too; no persons"
_AUDIT = "ids alone, which every transaction adds to and none changes; an auditor sees its own counties'"
_QUEUE = "ids and days alone, which the jobs read"
WITHOUT = {
    "alembic_version": _NODE,
    "agreements": _NODE,
    "api_keys": "looked up before it is known who calls; hashes alone",
    "audit_heads": _AUDIT,
    "audit_rows": _AUDIT,
    "audit_signed": _WIRE,
    "audit_subjects": _AUDIT,
    "audit_witnessed": _WIRE,
    "batches": _WIRE,
    "comparisons": _FIGURES,
    "deed_counts": "how much a key did on a day; no persons",
    "doomed_keys": "ids of data keys that are to be destroyed",
    "evidence": _WIRE,
    "findings": _NODE,
    "frozen_reports": _FIGURES,
    "holidays": _NODE,
    "job_runs": _NODE,
    "ledger_identity": _NODE,
    "links": _WIRE,
    "notifications": "ids and kinds alone, for own systems",
    "partner_keys": _NODE,
    "partners": _NODE,
    "pins": _NODE,
    "received_reports": _FIGURES,
    "reconciliation_failed": _FIGURES,
    "reconciliation_left_out": _FIGURES,
    "reconciliation_links": _FIGURES,
    "reconciliations": _FIGURES,
    "register_releases": _NODE,
    "register_runs": _FIGURES,
    "register_token_keys": "what names a key; the key itself is nowhere",
    "report_sendings": _FIGURES,
    "rules_files": _NODE,
    "rules_uses": _NODE,
    "sent_on": "ids alone: which exchange took another one's place",
    "tellings": _QUEUE,
    "totals": _FIGURES,
    "troubles": _NODE,
    "uncounted": _QUEUE,
    "unsettled": _QUEUE,
    "untokened": _QUEUE,
    "used_assertions": _NODE,
    "verdicts": _FIGURES,
}


def granted(role: str) -> tuple[str, ...]:
    """The statements that let a role, whose name is quoted already, use all tables and change none."""
    return (
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}",
    )


class Weakness(StrEnum):
    """Why a line of defence does not hold, or could be taken away by the program's own login."""

    SUPERUSER = "superuser"
    BYPASSES = "bypassrls"
    OWNER = "owner"
    OPEN_TABLE = "open-table"
    UNGUARDED = "audit-unguarded"
    READABLE = "file-readable"


# As one row: the login's powers, whether it owns one of the tables, and how many tables are not under their policy.
_POWERS = """
SELECT rolsuper, rolbypassrls,
    EXISTS (SELECT FROM pg_class WHERE relname = ANY (%(tables)s) AND pg_has_role(relowner, 'USAGE')
        AND relnamespace = current_schema()::regnamespace),
    (SELECT count(*) FROM pg_class WHERE relname = ANY (%(tables)s) AND relnamespace = current_schema()::regnamespace
        AND NOT (relrowsecurity AND relforcerowsecurity))
FROM pg_roles WHERE rolname = current_user
"""


def weaknesses(connection: Connection) -> list[Weakness]:
    """What keeps row-level security from holding this login; of a superuser nothing more is said."""
    row = connection.exec_driver_sql(_POWERS, {"tables": list(POLICIES)}).one()
    if row[0]:
        return [Weakness.SUPERUSER]
    found = zip((Weakness.BYPASSES, Weakness.OWNER, Weakness.OPEN_TABLE), row[1:], strict=True)
    return [weakness for weakness, holds in found if holds]


def secured(table: str, policy: Policy) -> tuple[str, ...]:
    """The statements that put a table under its policy, its owner too."""
    return (
        f"CREATE POLICY {table}_within ON {table} USING ({policy.seen}) WITH CHECK ({policy.added})",
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
    )


def released(table: str) -> tuple[str, ...]:
    """The statements that undo `secured`."""
    return (
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        f"DROP POLICY {table}_within ON {table}",
    )
