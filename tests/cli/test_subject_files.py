"""`woshou subject`: what sheets are called tells of persons too."""

from tests.builders import WUCHANG, a_person, an_id, an_id_number, an_import
from tests.cli.two_counties import closed, keep, opened, two_counties


def test_a_sheet_that_is_named_after_a_person_loses_its_name_with_the_erasure(empty, tmp_path, database_url):
    """By name or number, in the file's name or a heading, of a county or a township; other people's sheets keep theirs."""
    both = two_counties(empty, tmp_path, database_url)
    keep(both, 1, a_person(1), **closed())
    names = (
        f"{a_person(1).name} {an_id_number(1)}.csv",
        f"{an_id_number(1)[:6]}-{an_id_number(1)[6:]}",
        "王 小明的台账",
        "别人.csv",
    )
    files = [an_import(n, filename=name, jurisdiction=WUCHANG) for n, name in enumerate(names, 1)]
    files += [
        an_import(5, filename="答复.csv", unknown_columns=(f"{a_person(1).name}备注",), jurisdiction=f"{WUCHANG}001"),
        an_import(6, filename=names[0], jurisdiction="420105"),
    ]
    theirs = [an_id(n) for n in (1, 2, 3, 5)]
    with opened(both) as office, office.ledgers.transaction() as ledger:
        for file in files:
            ledger.imports.add(file, [])
    told = both("subject", "report", stdin=an_id_number(1))
    assert [each["file"] for each in told.json["named_after"]] == theirs
    assert "小明" not in told.out
    assert both("subject", "erase", stdin=an_id_number(1)).json["files"] == theirs
    with opened(both) as office, office.ledgers.transaction(read_only=True) as ledger:
        assert ledger.imports.named() == files
    done = both("subject", "erase", "--yes", stdin=an_id_number(1)).json
    assert (done["files"], done["kept"]) == (theirs, [])
    with opened(both) as office, office.ledgers.transaction(read_only=True) as ledger:
        assert ledger.imports.named() == [files[3], files[5]]
    assert both("subject", "report", stdin=an_id_number(1)).json["named_after"] == []
