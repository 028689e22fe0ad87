"""The packaged rule sets and house rules: one JSON file a version, never changed once a release has carried it."""

from importlib import resources
from typing import Final

from exchange.errors import NotFound
from exchange.terms.house import HouseRules, read_house_rules
from exchange.terms.rulebook import Rulebook
from exchange.terms.rules import RuleSet, read_rules

CURRENT_VERSION: Final = "woshou-2026.1"
HOUSE_VERSION: Final = "house-2026.1"
_SUFFIX: Final = ".json"


class RulesNotFound(NotFound):
    """A version of the rules that this release does not carry."""

    code = "rules-not-found"
    zh = "本版本软件不含该规则集版本。"
    en = "This release does not carry that version of the rules."


def packaged_versions() -> tuple[str, ...]:
    """The versions that this release carries, sorted."""
    files = (entry.name for entry in resources.files(__package__).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX)))


def packaged_rules(version: str = CURRENT_VERSION) -> RuleSet:
    """Read a packaged rule set; RulesNotFound unless this release carries it. Read it once and keep it."""
    # Looked up in the list first: a version comes from a partner's agreement and must not name a path.
    if version not in packaged_versions():
        raise RulesNotFound
    return read_rules(resources.files(__package__).joinpath(version + _SUFFIX).read_bytes())


def packaged_house_rules() -> HouseRules:
    """The house rules that a node starts with."""
    return read_house_rules((resources.files(__package__) / "house" / (HOUSE_VERSION + _SUFFIX)).read_bytes())


def packaged_rulebook() -> Rulebook[RuleSet]:
    """All rule sets that this release carries."""
    return Rulebook(versions={version: packaged_rules(version) for version in packaged_versions()}, first=CURRENT_VERSION)


def packaged_house_book() -> Rulebook[HouseRules]:
    """The house rules that this release carries."""
    rules = packaged_house_rules()
    return Rulebook(versions={rules.version: rules}, first=rules.version)
