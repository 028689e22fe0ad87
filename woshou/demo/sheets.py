"""The sheets that counties really send: title rows, many spellings, dates in every form, and columns that are not accepted."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from io import BytesIO
from random import Random
from typing import Any

import xlsxwriter

from woshou.demo.people import Someone

_WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
_EXCEL_DAY_0 = date(1899, 12, 30)
# Codes that ended and what they are today: Xuanwu went to Xicheng, Chongwen to Dongcheng.
_RETIRED = {"110102": "110104"}
_PROVINCES = {
    "11": "北京市",
    "13": "河北省",
    "32": "江苏省",
    "33": "浙江省",
    "37": "山东省",
    "42": "湖北省",
    "44": "广东省",
    "61": "陕西省",
}
_TITLE = {
    "outflow": "{place}流出人口台账（演示）",
    "inflow": "{place}流入人口台账（演示）",
    "matters": "{place}协查与通报（演示）",
}
_NUMBER_HEADERS = ("公民身份号码", "身份证号", "证件号码", "*身份证\n号码")

Cell = str | int | float | None
Column = tuple[str, Callable[[Someone], Cell]]


class SheetWriter:
    """Writes the sheets of one county; the dirt follows the seed."""

    def __init__(self, seed: int, county: str, place: str) -> None:
        self._random = Random(f"{seed}-{county}")
        self._county, self._place = county, place

    def register(self, layout: str, people: Iterable[Someone]) -> bytes:
        """An outflow or inflow register."""
        header = self._random.choice(_NUMBER_HEADERS)
        out = layout == "outflow"
        columns: list[Column] = [
            ("序号", lambda one: None),
            (" 姓 名 ", self._name),
            ("性别", lambda one: "男" if one.male else "女"),
            (header, self._id),
            ("出生日期", lambda one: self._date(one.born)),
            ("文化程度", lambda one: one.education),
            ("户籍地代码" if not out else "户籍地", self._origin),
            ("现居住地", self._destination(coarse=out)),
            ("流出日期" if out else "来本地日期", lambda one: self._date(one.moved_on)),
            ("流动原因", lambda one: one.reason),
            ("婚姻状况", lambda one: "初婚" if one.married_on else "未婚"),
            ("结婚日期", lambda one: self._date(one.married_on) if one.married_on else None),
            ("配偶姓名", lambda one: one.spouse_name),
            ("配偶身份证号", lambda one: one.spouse_number),
            ("子女1性别", lambda one: _child_sex(one, 0)),
            ("子女1出生日期", lambda one: self._child_born(one, 0)),
            ("子女2性别", lambda one: _child_sex(one, 1)),
            ("子女2出生日期", lambda one: self._child_born(one, 1)),
            ("婚育证明编号", lambda one: one.certificate),
            ("三查日期", lambda one: "不应读取"),
            ("避孕措施", lambda one: "不应读取"),
            ("备 注", lambda one: None),
        ]
        return self._write(_TITLE[layout], columns, self._with_doubles(list(people)))

    def matters(self, today: date, queries: Sequence[Someone], births: Sequence[Someone], arrivals: Sequence[Someone]) -> bytes:
        """Queries about people living here, notices of births here and of arrivals, towards their places of registration."""
        kinds = {id(one): "协查" for one in queries} | {id(one): "通报" for one in (*births, *arrivals)}
        born = {id(one) for one in births}
        urgent = {id(one) for one in queries if self._random.random() < 0.2}

        def event(one: Someone) -> Cell:
            return None if kinds[id(one)] == "协查" else "出生" if id(one) in born else "流入"

        columns: list[Column] = [
            ("类别", lambda one: kinds[id(one)]),
            ("事件", event),
            ("用途", lambda one: "公共服务"),
            ("姓名", self._name),
            ("身份证号码", lambda one: one.number),
            ("性别", lambda one: "男" if one.male else "女"),
            ("户籍地", lambda one: one.origin),
            ("现居住地", lambda one: one.destination),
            ("协查项目", lambda one: "婚姻状况、子女" if kinds[id(one)] == "协查" else None),
            ("事由", lambda one: "台账登记" if kinds[id(one)] == "协查" else None),
            ("是否紧急", lambda one: "是" if id(one) in urgent else "否"),
            ("紧急原因", lambda one: "预约办理" if id(one) in urgent else None),
            ("发生日期", lambda one: None if kinds[id(one)] == "协查" else self._date(today - timedelta(days=1))),
            ("婚姻状况", lambda one: "初婚" if one.married_on else "未婚"),
            ("孕情", lambda one: "不应读取"),
        ]
        return self._write(_TITLE["matters"], columns, [*queries, *births, *arrivals])

    def _with_doubles(self, people: list[Someone]) -> list[Someone]:
        """One person in fifty stands there twice."""
        doubles = [one for one in people if self._random.random() < 0.02]
        return people + doubles

    def _write(self, title: str, columns: list[Column], people: Sequence[Someone]) -> bytes:
        buffer = BytesIO()
        book: Any = xlsxwriter.Workbook(buffer, {"in_memory": True})
        sheet: Any = book.add_worksheet("Sheet1")
        heading = book.add_format({"bold": True, "align": "center", "font_size": 16})
        sheet.merge_range(0, 0, 0, len(columns) - 1, title.format(place=self._place), heading)
        sheet.merge_range(1, 0, 1, len(columns) - 1, "填报单位：（虚构）　　制表日期：见文件", None)
        for index, (header, _) in enumerate(columns):
            sheet.write_string(2, index, header)
        row = 3
        for number, one in enumerate(people, 1):
            if self._random.random() < 0.03:
                row += 1  # a blank row
            for index, (header, cell) in enumerate(columns):
                value = number if header == "序号" else cell(one)
                if isinstance(value, str):
                    sheet.write_string(row, index, value)
                elif value is not None:
                    sheet.write_number(row, index, value)
            row += 1
        sheet.write_string(row, 0, "合计")
        sheet.write_number(row, 1, len(people))
        book.close()
        return buffer.getvalue()

    def _name(self, one: Someone) -> str:
        return one.name.replace("·", self._random.choice("·•・.")) if self._random.random() < 0.5 else f" {one.name}"

    def _id(self, one: Someone) -> str:
        """The number as people type it: sometimes of 15 digits, full width, with blanks, or mistyped."""
        dice, number = self._random.random(), one.number
        if dice < 0.03 and one.born.year < 2000:
            return number[:6] + number[8:17]
        if dice < 0.06:
            return number.translate(_WIDE)
        if dice < 0.09:
            return f"{number[:6]} {number[6:14]} {number[14:]}"
        if dice < 0.11:
            return number[:17] + ("0" if number[17] != "0" else "1")
        if dice < 0.12:
            return number[:16]
        return number

    def _date(self, day: date) -> Cell:
        """A date as text in five spellings, or as Excel keeps it."""
        spellings: tuple[Cell, ...] = (
            day.isoformat(),
            f"{day.year}/{day.month}/{day.day}",
            f"{day.year}.{day.month:02d}.{day.day:02d}",
            f"{day.year}年{day.month}月{day.day}日",
            f"{day:%Y%m%d}",
            (day - _EXCEL_DAY_0).days,
        )
        return self._random.choice(spellings)

    def _origin(self, one: Someone) -> str:
        return _RETIRED[one.origin] if one.origin in _RETIRED and self._random.random() < 0.1 else one.origin

    def _destination(self, *, coarse: bool) -> Callable[[Someone], str]:
        def place(one: Someone) -> str:
            province = _PROVINCES.get(one.destination[:2])
            if coarse and province is not None and self._random.random() < 0.08:
                return province
            return one.destination

        return place

    def _child_born(self, one: Someone, nth: int) -> Cell:
        return self._date(one.children[nth][1]) if len(one.children) > nth else None


def _child_sex(one: Someone, nth: int) -> str | None:
    if len(one.children) <= nth:
        return None
    return "男" if one.children[nth][0] else "女"
