"""Who may do what: one table, of which the dependencies of every route are made (`api.access`, docs/access.md).

Nothing is allowed that does not stand here: a route that names no right, and is not among the public ones, is refused when the
application is made. Which records a caller may touch then follows from its counties: another county's are unknown to it (404).
"""

from dataclasses import dataclass
from enum import StrEnum

from adapters.keys import tokens


class LocalRole(StrEnum):
    """What a key may do."""

    CLERK = "clerk"
    SYSTEM = "system"
    COORDINATOR = "coordinator"
    OPERATOR = "operator"
    AUDITOR = "auditor"


class Place(StrEnum):
    """How the jurisdiction that a key is bound to stands to the counties that the node serves."""

    COUNTY = "county"  # is one of them
    TOWNSHIP = "township"  # lies in one of them
    ABOVE = "above"  # contains one or more of them
    ELSEWHERE = "elsewhere"  # none of these, or a township's key of a role that townships have not: it opens nothing


class Records(StrEnum):
    """Which records the work of a route may touch at all; PostgreSQL holds it too (docs/decisions/access.md)."""

    OWN = "own"  # those of the counties in the caller's jurisdiction
    NODE = "node"  # the node's figures and links with partners, over all counties; never a person


PEOPLE = frozenset({LocalRole.CLERK, LocalRole.SYSTEM})
HERE = frozenset({Place.COUNTY, Place.TOWNSHIP, Place.ABOVE})
SERVED = frozenset({Place.COUNTY, Place.ABOVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """What callers of some roles, bound to some places, may do.

    `shows_people`: whether answers may say something about a person. Even then they do so only to a clerk or system of the
    county itself, or of the township that has the matter.
    """

    name: str
    zh: str
    en: str
    roles: frozenset[LocalRole]
    places: frozenset[Place]
    records: Records = Records.OWN
    shows_people: bool = False

    def covers(self, role: LocalRole, place: Place) -> bool:
        """Whether a caller of that role, bound to such a place, has this right."""
        return role in self.roles and place in self.places


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerRight:
    """What another node may do whose token has the scope; on its own link alone, and while it is not suspended."""

    name: str
    zh: str
    en: str
    scope: str


CLERK = Right(
    name="clerk",
    zh="经办本县的人和事",
    en="handle the county's people and matters",
    roles=PEOPLE,
    places=frozenset({Place.COUNTY}),
    shows_people=True,
)
ANSWERER = Right(
    name="answerer",
    zh="答复：县，或乡镇对分派给它的",
    en="answer: the county, or a township what is assigned to it",
    roles=PEOPLE,
    places=frozenset({Place.COUNTY, Place.TOWNSHIP}),
    shows_people=True,
)
ASSIGNER = Right(
    name="assigner",
    zh="向乡镇分派",
    en="hand matters to townships",
    roles=PEOPLE | {LocalRole.COORDINATOR},
    places=frozenset({Place.COUNTY}),
)
READER = Right(
    name="reader",
    zh="看指标与不含个人的事项；本县经办人可见其人",
    en="see figures, and matters without persons; the county's own clerks see the persons",
    roles=PEOPLE | {LocalRole.COORDINATOR, LocalRole.AUDITOR},
    places=HERE,
    shows_people=True,
)
COORDINATOR = Right(
    name="coordinator",
    zh="签协议、处理督办、冻结与上报月报",
    en="sign agreements, take up escalations, freeze and send reports",
    roles=frozenset({LocalRole.COORDINATOR}),
    places=SERVED,
)
ALERTED = Right(
    name="alerted",
    zh="看告警",
    en="see what is or was wrong",
    roles=frozenset({LocalRole.OPERATOR, LocalRole.COORDINATOR}),
    places=SERVED,
    records=Records.NODE,
)
OPERATOR = Right(
    name="operator",
    zh="管理协作方、路由、节假日，看运行指标",
    en="run the node: partners, routes, holidays, metrics",
    roles=frozenset({LocalRole.OPERATOR}),
    places=SERVED,
    records=Records.NODE,
)
WATCHER = Right(
    name="watcher",
    zh="看异常与存证",
    en="look after findings and evidence",
    roles=frozenset({LocalRole.OPERATOR, LocalRole.AUDITOR}),
    places=SERVED,
    records=Records.NODE,
)
AUDITOR = Right(
    name="auditor",
    zh="看本辖区各县的审计",
    en="read the audit of the counties within its place",
    roles=frozenset({LocalRole.AUDITOR}),
    places=SERVED,
    records=Records.NODE,
)
TRACER = Right(
    name="tracer",
    zh="按人、按对象查本县的审计",
    en="ask the county's own audit about a person or a record",
    roles=frozenset({LocalRole.AUDITOR}),
    places=frozenset({Place.COUNTY}),
    records=Records.NODE,
)
OVERSEER = Right(
    name="overseer",
    zh="看双方比对与对账",
    en="look after comparisons and reconciliations",
    roles=frozenset({LocalRole.COORDINATOR, LocalRole.OPERATOR, LocalRole.AUDITOR}),
    places=SERVED,
    records=Records.NODE,
)
HOLDER = Right(
    name="holder",
    zh="任何有效密钥：规则、节假日、空表、协议",
    en="any key: rules, holidays, empty sheets, agreements",
    roles=frozenset(LocalRole),
    places=HERE,
)
RIGHTS = (CLERK, ANSWERER, ASSIGNER, READER, COORDINATOR, ALERTED, OPERATOR, WATCHER, AUDITOR, TRACER, OVERSEER, HOLDER)

EXCHANGING = PartnerRight(
    name="exchanging",
    zh="收发批次、协议、上报的月报",
    en="batches, agreements and reports",
    scope=tokens.EXCHANGE,
)
COMPARING = PartnerRight(
    name="comparing",
    zh="对账：日志、指标、台账",
    en="reconciling: logs, figures, registers",
    scope=tokens.RECONCILE,
)
CHECKING = PartnerRight(
    name="checking",
    zh="证明验证",
    en="checking certificates",
    scope=tokens.CHECK,
)
PARTNER_RIGHTS = (EXCHANGING, COMPARING, CHECKING)

# Who asks is not known here, and nothing about a person or a matter is told.
PUBLIC = {
    "GET /healthz": ("进程是否存活", "whether the process is alive"),
    "GET /readyz": ("能否服务", "whether it can serve"),
    "GET /.well-known/security.txt": ("向谁报告漏洞", "whom to tell of a weakness"),
    "GET /.well-known/migrant-exchange": ("节点文件，签名", "the node document, signed"),
    "GET /.well-known/jwks.json": ("公钥", "the public keys"),
    "POST /oauth/token": ("协作方以签名换取令牌", "where a partner's signature gets it a token"),
    "GET /openapi.json": ("接口描述", "the description of the interface"),
    "GET /docs": ("接口文档", "the same, to read"),
    "GET /redoc": ("接口文档", "the same, to read"),
}

# Who signs in has no session yet, and these show nothing but the way in.
PUBLIC_PAGES = {
    "GET /sign-in": ("登录页", "the page to sign in on"),
    "POST /sign-in": ("登录", "signing in"),
    "GET /sign-in/oidc/start": ("前往统一身份认证", "the way to the provider that signs people in"),
    "GET /sign-in/oidc": ("由统一身份认证返回", "the way back from it"),
    "GET /assets/{name}": ("样式、脚本、图标", "style sheet, script and icon"),
}
