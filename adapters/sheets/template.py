"""Empty sheets to fill in: the headers of a layout, choices for coded columns, a page of explanations."""

import io

import xlsxwriter

from adapters.sheets.layout import Field, spellings_for
from adapters.sheets.sheet import Layout, column_letter
from adapters.sheets.words import is_coded, labels

_ROWS = 5_000
_HOW = {
    "name": ("姓名原样填写，少数民族姓名用间隔号“·”", "The name as in the document; minority names with the middle dot ·"),
    "number": ("文本格式，18 位公民身份号码或证件号码", "As text: the 18 characters of the ID number, or the document's number"),
    "text_number": ("文本格式，按证件原样填写", "As text, as in the document"),
    "text": ("文字", "Text"),
    "word": ("从下拉列表选择，或填写代码", "Choose from the list, or write the code"),
    "place": (
        "行政区划代码（县 6 位、乡镇 9 位），或完整名称，如 湖北省武汉市武昌区",
        "Division code (6 or 9 digits), or the full path of names",
    ),
    "date": ("2023-05-01", "2023-05-01"),
}


def template(layout: Layout) -> bytes:
    """An empty .xlsx of the layout that `read_sheet` understands; required headers bear an asterisk."""
    spellings = spellings_for(layout)
    fields = list(spellings.fields.values())
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        text = book.add_format({"num_format": "@"})
        head = book.add_format({"bold": True, "bg_color": "#DDE7F0", "border": 1, "text_wrap": True, "num_format": "@"})
        needed = book.add_format({"bold": True, "bg_color": "#FBE3D6", "border": 1, "text_wrap": True, "num_format": "@"})
        sheet = book.add_worksheet(spellings.zh)
        guide = book.add_worksheet("填写说明 Guide")
        choices = book.add_worksheet("选项 Choices")
        for index, field in enumerate(fields):
            sheet.set_column(index, index, 22 if field.cleaning in ("number", "place", "text_number") else 14, text)
            sheet.write_string(0, index, field.zh + ("*" if field.required else ""), needed if field.required else head)
            if is_coded(field.name):
                words = labels(field.name)
                choices.write_string(0, index, field.zh, head)
                choices.write_column(1, index, words, text)
                letter = column_letter(index)
                rule = {
                    "validate": "list",
                    "source": f"='选项 Choices'!${letter}$2:${letter}${len(words) + 1}",
                    # Several items, and codes, may stand in a cell: the list offers, it does not forbid.
                    "error_type": "information",
                }
                sheet.data_validation(1, index, _ROWS, index, rule)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, 0, len(fields) - 1)
        guide.set_column(0, 4, 30, text)
        guide.write_row(0, 0, ["列 Column", "字段 Field", "必填 Required", "填写方法", "How to fill it in"], head)
        for row, field in enumerate(fields, 1):
            guide.write_row(row, 0, _explained(field), text)
    return out.getvalue()


def _explained(field: Field) -> list[str]:
    zh, en = _HOW[field.cleaning]
    if field.name == "items":
        zh, en = "一项或多项，用顿号分隔", "One or more, separated by 、"
    return [field.zh, field.name, "是 yes" if field.required else "否 no", zh, en]
