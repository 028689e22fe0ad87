"""List every right, every operation and page with who may open it, and every table with its policy, in docs/access.md.

Run `python -m scripts.list_rights` after a change of any; a test compares.
"""

from adapters.database.policies import OF_NODE, POLICIES, WITHOUT, Policy
from api.app import operations
from api.pages import ROUTERS
from api.rights import PARTNER_RIGHTS, PUBLIC, PUBLIC_PAGES, RIGHTS, LocalRole, PartnerRight, Place, Records, Right
from api.serving.routes import Route
from exchange.signin.account import AccountRole
from scripts.generated import fill

PAGE = "docs/access.md"
_ROLES = {
    LocalRole.CLERK: "经办",
    LocalRole.SYSTEM: "系统",
    LocalRole.COORDINATOR: "协调",
    LocalRole.OPERATOR: "操作",
    LocalRole.AUDITOR: "审计",
}
_PLACES = {Place.COUNTY: "县", Place.TOWNSHIP: "乡", Place.ABOVE: "上"}
# A township has clerks and systems alone.
_TOWNSHIPS = frozenset({LocalRole.CLERK, LocalRole.SYSTEM})


def rights() -> str:
    """Every right: what it is for, and whose records its work may touch."""
    lines = ["| 权限 Right | 用于 | For | 数据 Records |", "|---|---|---|---|"]
    for right in RIGHTS:
        records = {Records.OWN: "本辖区 own", Records.NODE: "整个节点，无个人 the node's, no persons"}[right.records]
        lines.append(f"| `{right.name}` | {right.zh} | {right.en} | {records} |")
    lines += [f"| `{right.name}` | {right.zh} | {right.en} | 自己的链路 its own link |" for right in PARTNER_RIGHTS]
    return "\n".join(lines)


def operation_list() -> str:
    """Every operation of own systems, by role; of partners, by scope; and what is public."""
    found = operations()
    lines = [f"| 接口 Operation | 权限 Right | {' | '.join(f'{zh} {role}' for role, zh in _ROLES.items())} | 人 |"]
    lines.append("|---|---|" + "---|" * (len(_ROLES) + 1))
    for name, route in sorted(found.items(), key=lambda one: one[0].split()[::-1]):
        if isinstance(route.right, Right):
            cells = " | ".join(_cell(route.right, role) for role in _ROLES)
            lines.append(f"| `{name}` | `{route.right.name}` | {cells} | {'人' if route.right.shows_people else ''} |")
    lines += ["", "| 协作方接口 Operation for partners | 令牌范围 Scope |", "|---|---|"]
    lines += [f"| `{name}` | `{route.right.scope}` |" for name, route in found.items() if isinstance(route.right, PartnerRight)]
    lines += ["", "| 公开 Public | | |", "|---|---|---|"]
    lines += [f"| `{name}` | {zh} | {en} |" for name, (zh, en) in PUBLIC.items()]
    return "\n".join(lines)


def page_list() -> str:
    """Every page and form, by the roles that accounts have; and what is open before anybody has signed in."""
    roles = [LocalRole(role) for role in AccountRole]
    lines = [f"| 页面 Page | 权限 Right | {' | '.join(f'{_ROLES[role]} {role}' for role in roles)} | 人 |"]
    lines.append("|---|---|" + "---|" * (len(roles) + 1))
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, Route)]
    found = [(f"{method} {route.path}", route.right) for route in routes for method in sorted(route.methods or ())]
    for name, right in sorted(found, key=lambda one: one[0].split()[::-1]):
        if isinstance(right, Right):
            cells = " | ".join(_cell(right, role) for role in roles)
            lines.append(f"| `{name}` | `{right.name}` | {cells} | {'人' if right.shows_people else ''} |")
    lines += ["", "| 无须登录 Open to all | | |", "|---|---|---|"]
    lines += [f"| `{name}` | {zh} | {en} |" for name, (zh, en) in PUBLIC_PAGES.items()]
    return "\n".join(lines)


def tables() -> str:
    """Every table: by what its rows are held, or why there is nothing to hold."""
    lines = ["| 表 Table | 行级安全 Row-level security |", "|---|---|"]
    lines += [f"| `{table}` | {_held(policy)} |" for table, policy in POLICIES.items()]
    lines += [f"| `{table}` | 无 none: {reason} |" for table, reason in WITHOUT.items()]
    return "\n".join(lines)


def _cell(right: Right, role: LocalRole) -> str:
    places = [
        zh for place, zh in _PLACES.items() if right.covers(role, place) and (place is not Place.TOWNSHIP or role in _TOWNSHIPS)
    ]
    return "".join(places) or "—"


def _held(policy: Policy) -> str:
    if policy == OF_NODE:
        return "仅节点本身 the node's own work alone"
    if " EXISTS " in policy.seen:
        return f"随 with `{policy.seen.split(' FROM ')[1].split()[0]}`"
    return "本辖区 within the caller's areas" if "ANY" in policy.seen else "该密钥自己的 the key's own"


def main() -> None:
    """Write the page."""
    fill(PAGE, "rights", rights())
    fill(PAGE, "operations", operation_list())
    fill(PAGE, "pages", page_list())
    fill(PAGE, "tables", tables())


if __name__ == "__main__":
    main()
