"""What a clerk reads about each field: one sentence in Chinese and one in English, without anything of the person."""

from typing import Final

from exchange.pairing.comparing import Field, Level

_F, _L = Field, Level
SENTENCES: Final[dict[tuple[Field, Level], tuple[str, str]]] = {
    (_F.DOCUMENT, _L.EQUAL): ("证件号码相同。", "The document numbers are equal."),
    (_F.DOCUMENT, _L.CONVERTED): (
        "证件号码相同（15 位与 18 位）。",
        "The document numbers are equal, one written with 15 digits.",
    ),
    (_F.DOCUMENT, _L.ONE_DIGIT): ("证件号码仅一位不同。", "The document numbers differ in one place."),
    (_F.DOCUMENT, _L.SWAPPED): ("证件号码相邻两位颠倒。", "Two neighbouring characters of the document number are swapped."),
    (_F.DOCUMENT, _L.OTHER_COUNTY): (
        "证件号码的出生日期和顺序码相同，签发地不同。",
        "The document numbers have one birth date and sequence, but other issuing counties.",
    ),
    (_F.DOCUMENT, _L.DOUBTFUL): (
        "证件号码不同，但其中有校验位不符的。",
        "The document numbers differ, but the check digit of one is wrong.",
    ),
    (_F.DOCUMENT, _L.DIFFERS): ("证件号码不同。", "The document numbers differ."),
    (_F.NAME, _L.EQUAL): ("姓名相同。", "The names are equal."),
    (_F.NAME, _L.VARIANT): ("姓名为繁简或异体写法。", "The names are one in variant characters."),
    (_F.NAME, _L.HOMOPHONE): ("姓名同音。", "The names have the same pinyin."),
    (_F.NAME, _L.SOUND): (
        "姓名音近：声调、次序或间隔号部分不同。",
        "The names sound alike but for tones, order, or parts between dots.",
    ),
    (_F.NAME, _L.NEAR): ("姓名仅一字不同。", "The names differ in one character."),
    (_F.NAME, _L.DIFFERS): ("姓名不同。", "The names differ."),
    (_F.SEX, _L.EQUAL): ("性别相同。", "The sexes are equal."),
    (_F.SEX, _L.DIFFERS): ("性别不同。", "The sexes differ."),
    (_F.BIRTH_DATE, _L.EQUAL): ("出生日期相同。", "The birth dates are equal."),
    (_F.BIRTH_DATE, _L.SWAPPED): ("出生日期月日颠倒。", "Day and month of the birth date are swapped."),
    (_F.BIRTH_DATE, _L.PLACEHOLDER): (
        "出生日期一方可能为农历或 1 月 1 日代填。",
        "One birth date may be a lunar one, or 1 January written for an unknown day.",
    ),
    (_F.BIRTH_DATE, _L.YEAR_OFF): ("出生年份相差一年，月日相同。", "The birth dates are one year apart, to the day."),
    (_F.BIRTH_DATE, _L.ONE_PART): ("出生日期仅年、月、日之一不同。", "One of year, month and day of the birth date differs."),
    (_F.BIRTH_DATE, _L.DIFFERS): ("出生日期不同。", "The birth dates differ."),
    (_F.PLACE, _L.EQUAL): ("对方地区相同。", "The entry names the same county on the other side."),
    (_F.PLACE, _L.CONTAINS): ("个案的对方地区较粗，包含该区县。", "The entry knows the other side only coarsely, and it fits."),
    (_F.PLACE, _L.PREFECTURE): ("对方地区同市不同县。", "The other side is another county of the same prefecture."),
    (_F.PLACE, _L.PROVINCE): ("对方地区同省不同市。", "The other side is another place of the same province."),
    (_F.PLACE, _L.DIFFERS): ("对方地区不同省。", "The other side lies in another province."),
    (_F.TOWNSHIP, _L.EQUAL): ("乡镇街道相同。", "The townships are equal."),
    (_F.TOWNSHIP, _L.DIFFERS): ("乡镇街道不同。", "The townships differ."),
    (_F.SPOUSE, _L.EQUAL): ("配偶证件号码相同。", "The spouses' document numbers are equal."),
    (_F.SPOUSE, _L.NAME): ("配偶姓名相同。", "The spouses' names are equal."),
    (_F.SPOUSE, _L.SOUND): ("配偶姓名同音或音近。", "The spouses' names sound alike."),
    (_F.SPOUSE, _L.NEAR): ("配偶姓名仅一字不同。", "The spouses' names differ in one character."),
    (_F.SPOUSE, _L.DIFFERS): ("配偶不同。", "The spouses differ."),
    (_F.MARRIAGE, _L.EQUAL): ("结婚日期相同。", "The marriage dates are equal."),
    (_F.MARRIAGE, _L.NEAR): (
        "结婚日期相近（同年或月日颠倒）。",
        "The marriage dates lie in one year, or day and month are swapped.",
    ),
    (_F.MARRIAGE, _L.DIFFERS): ("结婚日期不同。", "The marriage dates differ."),
}
