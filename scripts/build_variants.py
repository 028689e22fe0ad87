"""Write the table of variant characters, `exchange/pairing/variants.py`, from OpenCC's dictionaries.

    pip download --no-deps opencc-python-reimplemented==0.1.7 && unzip opencc_python_reimplemented-*.whl
    python -m scripts.build_variants opencc/dictionary

Every character that is written otherwise on another form's side goes to the simplified form that stands first in OpenCC:
regional variants to the traditional form, Japanese forms likewise, then traditional to simplified. Some that people's names
hold, and that OpenCC leaves apart, are added below.
"""

import sys
from pathlib import Path

TARGET = Path(__file__).parents[1] / "exchange" / "pairing" / "variants.py"
# 异体字 of names that OpenCC keeps apart: the first of each group is the one of the table of 2013 (通用规范汉字表).
ADDED = ("哲喆", "坤堃", "吉𠮷", "秋秌", "和龢咊", "明朙眀", "年秊", "春旾", "丽㛤", "凤鳯", "国囯囻", "珍珎", "升昇陞", "欣訢")
HEAD = '''"""Characters that are one name's in two spellings: traditional forms (繁体) and variants (异体), and what they go to.

Made by scripts/build_variants.py from the dictionaries of OpenCC (https://github.com/BYVoid/OpenCC, Apache License 2.0), as
opencc-python-reimplemented 0.1.7 carries them, with a few forms that stand in names. For comparing only: a stored name keeps
its characters. Where one traditional form is several simplified ones' (乾: 干, 乾), the first counts; two people whose
names differ in nothing else are then told apart by everything but the name.
"""

from typing import Final

_FROM: Final = (
'''
FOOT = """)


def folded(name: str) -> str:
    \"\"\"The name in the one form that all its spellings go to.\"\"\"
    return name if name.isascii() else name.translate(_TABLE)


_TABLE: Final = str.maketrans(_FROM, _TO)
"""
LINE = 120


def main() -> None:
    folder = Path(sys.argv[1])
    simplified = _read(folder / "TSCharacters.txt")
    table = dict(simplified)
    for name in ("TWVariants.txt", "HKVariants.txt", "JPVariants.txt"):
        for usual, variant in _read(folder / name).items():
            table.setdefault(variant, simplified.get(usual, usual))
    for group in ADDED:
        for variant in group[1:]:
            table[variant] = group[0]
    # One step to the end: what a form goes to may itself go further.
    for form in table:
        seen = {form}
        while (to := table[form]) in table and to not in seen:
            seen.add(to)
            table[form] = table[to]
    pairs = sorted((form, to) for form, to in table.items() if form != to)
    left, right = ("".join(each) for each in zip(*pairs, strict=True))
    TARGET.write_text(f"{HEAD}{_lines(left)})\n_TO: Final = (\n{_lines(right)}{FOOT}", encoding="utf-8")


def _read(path: Path) -> dict[str, str]:
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if "\t" in line)
    return {form: to.split(" ")[0] for form, to in rows if len(form) == 1 and len(to.split(" ")[0]) == 1}


def _lines(text: str) -> str:
    return "".join(f'    "{text[start : start + LINE]}"\n' for start in range(0, len(text), LINE))


if __name__ == "__main__":
    main()
