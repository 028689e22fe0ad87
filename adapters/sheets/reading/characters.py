"""Characters that stand wrongly in sheets: private-use twins of standard ones, invisible ones, control characters.

Python's gb18030 codec is the edition of 2000; GB 18030-2022 gives the characters below their standard code points.
Fonts and input methods of that time put the same private-use characters into UTF-8 files and workbooks, so the table
serves all of them.
"""

import re

_STANDARD = (
    "E78D=FE10 E78E=FE12 E78F=FE11 E790=FE13 E791=FE14 E792=FE15 E793=FE16 E794=FE17 E795=FE18 E796=FE19 E7C7=1E3F "
    "E816=20087 E817=20089 E818=200CC E81E=9FB4 E826=9FB5 E82B=9FB6 E82C=9FB7 E831=215D7 E832=9FB8 E83B=2298F "
    "E843=9FB9 E854=9FBA E855=241FE E864=9FBB"
)
STANDARD_CHARACTERS = {
    int(private, 16): chr(int(standard, 16)) for private, _, standard in (p.partition("=") for p in _STANDARD.split())
}
_INVISIBLE = dict.fromkeys((173, *range(8203, 8208), *range(8234, 8239), *range(8288, 8293), 65279))
_BLANK = dict.fromkeys((0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0xA0, 0x2028, 0x2029, 0x3000), " ")
_REPAIR = {**STANDARD_CHARACTERS, **_INVISIBLE, **_BLANK}

PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufff9-\uffff]")


def repair(text: str) -> str:
    """The text with standard characters for private twins, without invisible ones, any blank as a plain space, trimmed.

    What `PRIVATE` or `CONTROL` still finds in the result has no known meaning.
    """
    return text.translate(_REPAIR).strip(" '\u2018\u2019`") if not text.isalnum() else text
