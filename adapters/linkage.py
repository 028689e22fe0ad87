"""Splink on DuckDB: which of many people are one, with the weights of pairing and the names' frequencies of the lists themselves.

An optional extra, `pip install woshou[linkage]`. Everything stays in this process's memory: the database has no file and may
not spill to one, and Splink's words about its queries are kept from the logs.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy

from exchange.errors import Refused, Retry
from exchange.pairing.comparing import Field, Level
from exchange.pairing.linking import Flat, Linked
from exchange.pairing.weights import IN_REGISTER, WEIGHTS, Seen

SURE = 0.5
_L, _F = Level, Field
# Each level in SQL, the best first, with the levels of pairing that it takes together. What no level fits is the last one.
_LEVELS: dict[Field, tuple[tuple[str, str, tuple[Level, ...]], ...]] = {
    _F.DOCUMENT: (
        ("number", "number_l = number_r", (_L.EQUAL,)),
        ("number", "damerau_levenshtein(number_l, number_r) = 1", (_L.ONE_DIGIT, _L.SWAPPED)),
        ("number", "length(number_l) = 18 AND substr(number_l, 7, 11) = substr(number_r, 7, 11)", (_L.OTHER_COUNTY,)),
        ("number", "usable_l = 'no' OR usable_r = 'no'", (_L.DOUBTFUL,)),
        ("number", "ELSE", (_L.DIFFERS,)),
    ),
    _F.NAME: (
        ("name", "name_l = name_r", (_L.EQUAL, _L.VARIANT)),
        ("sound", "sound_l = sound_r", (_L.HOMOPHONE, _L.SOUND)),
        ("name", "damerau_levenshtein(name_l, name_r) = 1 AND least(length(name_l), length(name_r)) > 1", (_L.NEAR,)),
        ("name", "ELSE", (_L.DIFFERS,)),
    ),
    _F.SEX: (("sex", "sex_l = sex_r", (_L.EQUAL,)), ("sex", "ELSE", (_L.DIFFERS,))),
    _F.BIRTH_DATE: (
        ("birth_date", "birth_date_l = birth_date_r", (_L.EQUAL,)),
        ("birth_date", "birth_date_l = birth_swapped_r", (_L.SWAPPED,)),
        (
            "birth_date",
            "substr(birth_date_l, 6) = substr(birth_date_r, 6) AND "
            "abs(substr(birth_date_l, 1, 4)::int - substr(birth_date_r, 1, 4)::int) = 1",
            (_L.YEAR_OFF,),
        ),
        (
            "birth_date",
            "(substr(birth_date_l, 1, 4) = substr(birth_date_r, 1, 4))::int + "
            "(substr(birth_date_l, 6, 2) = substr(birth_date_r, 6, 2))::int + "
            "(substr(birth_date_l, 9) = substr(birth_date_r, 9))::int = 2",
            (_L.ONE_PART,),
        ),
        ("birth_date", "ELSE", (_L.DIFFERS, _L.PLACEHOLDER)),
    ),
    _F.PLACE: (
        ("place", "place_l = place_r", (_L.EQUAL,)),
        ("place", "ELSE", (_L.CONTAINS, _L.PREFECTURE, _L.PROVINCE, _L.DIFFERS)),
    ),
    _F.SPOUSE: (
        ("spouse", "spouse_l = spouse_r", (_L.NAME, _L.SOUND, _L.EQUAL)),
        ("spouse", "ELSE", (_L.NEAR, _L.DIFFERS)),
    ),
    _F.MARRIAGE: (
        ("married_on", "married_on_l = married_on_r", (_L.EQUAL,)),
        ("married_on", "ELSE", (_L.NEAR, _L.DIFFERS)),
    ),
}
_BY_FREQUENCY = {"name_l = name_r": "name", "sound_l = sound_r": "sound"}
# The u of a spouse's name is that of the name: that of the number is for those who have one.
_U = {"spouse_l = spouse_r": WEIGHTS[_F.SPOUSE][_L.NAME].u, "name_l = name_r": 1 / 5_000, "sound_l = sound_r": 1 / 2_000}


class LinkageMissing(Refused):
    """Splink is not installed here."""

    code = "linkage-missing"
    retry = Retry.CONTACT
    zh = "未安装批量比对组件，请运行 pip install 'woshou[linkage]'。"
    en = "The linkage of many is not installed here: run pip install 'woshou[linkage]'."


def link(left: Sequence[Flat], right: Sequence[Flat]) -> list[Linked]:
    """The pairs that Splink holds for one person rather than two, of which one has no usable document; LinkageMissing."""
    try:
        from splink import DuckDBAPI, Linker
    except ImportError as exc:
        raise LinkageMissing from exc
    if not left or not right:
        return []
    with _silence():
        database = DuckDBAPI(connection=":memory:")
        connection = database.duckdb_con
        connection.execute("SET temp_directory = ''")  # rather no memory left than people in a file
        tables = [database.register(_table(connection, name, people)) for name, people in (("asked", left), ("entered", right))]
        linker = Linker(tables, _settings(len(right)), log_level=None)
        found = linker.inference.predict(threshold_match_probability=SURE, warning_mode="never")
        # Ids alone leave the database; one of the two has no document by which exact identity could have found them.
        rows = connection.execute(
            f"SELECT a.id, e.id, p.match_probability FROM {found.physical_name} p "
            "JOIN asked a ON a.id = p.id_l JOIN entered e ON e.id = p.id_r WHERE a.usable = 'no' OR e.usable = 'no'"
        ).fetchall()
        connection.close()
    return [Linked(*row) for row in rows]


def _table(connection: Any, name: str, people: Sequence[Flat]) -> str:
    values = zip(*people, strict=True)
    connection.register(
        "given", {field: numpy.array(column, dtype=object) for field, column in zip(Flat._fields, values, strict=True)}
    )
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
    connection.unregister("given")
    return name


def _settings(entered: int) -> Any:
    from splink import SettingsCreator, block_on

    return SettingsCreator(
        link_type="link_only",
        unique_id_column_name="id",
        probability_two_random_records_match=IN_REGISTER / entered,
        comparisons=[_comparison(field) for field in _LEVELS],
        blocking_rules_to_generate_predictions=[
            block_on("birth_date", "surname"),
            block_on("birth_date", "given"),
            block_on("sound"),
            block_on("spouse", "substr(birth_date, 1, 4)"),
            block_on("substr(number, 7, 11)"),
        ],
        retain_matching_columns=False,
    )


def _comparison(field: Field) -> Any:
    from splink import comparison_level_library as levels
    from splink import comparison_library as comparisons

    column = _LEVELS[field][0][0]
    made: list[Any] = [levels.NullLevel(column)]
    for number, (_, sql, together) in enumerate(_LEVELS[field]):
        seen = _together(field, sql, together)
        last = number == len(_LEVELS[field]) - 1
        level: Any = levels.ElseLevel() if last else levels.CustomLevel(sql, label_for_charts=f"{field}_{number}")
        if (frequency := _BY_FREQUENCY.get(sql)) is not None:
            level = level.configure(tf_adjustment_column=frequency)
        made.append(level.configure(m_probability=seen.m, u_probability=seen.u))
    return comparisons.CustomComparison(comparison_levels=made, output_column_name=field.value)


def _together(field: Field, sql: str, levels: Sequence[Level]) -> Seen:
    seen = [WEIGHTS[field][level] for level in levels]
    return Seen(m=sum(each.m for each in seen), u=_U.get(sql, sum(each.u for each in seen)))


@contextmanager
def _silence() -> Iterator[None]:
    """Queries name columns and thresholds, not people; but what a library logs one day is not known today."""
    logger = logging.getLogger("splink")
    before = logger.disabled, logger.propagate, logger.level
    logger.propagate = False
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.disabled, logger.propagate, logger.level = before
