"""Case numbers 案号, after the Supreme Court's numbering rules in force since 2016, and the form before them."""

import re
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self

from app.identifiers.findings import CaseNumberError, Finding
from app.identifiers.spelling import PROVINCES, compact

MAX_LENGTH = 60
"""Longer than any case number with its suffix; what is longer is not looked at."""


class CaseType(NamedTuple):
    """A type code 类型代字. `is_enforcement`: the court enforces in it; `is_preservation`: it secures before that."""

    code: str
    zh: str
    en: str
    is_enforcement: bool
    is_preservation: bool = False


CASE_TYPES: dict[str, CaseType] = {
    case_type.code: case_type
    for case_type in (
        CaseType("执", "首次执行", "first enforcement", is_enforcement=True),
        CaseType("执恢", "恢复执行", "resumed enforcement", is_enforcement=True),
        CaseType(
            "执保", "财产保全执行", "preservation enforcement", is_enforcement=True, is_preservation=True
        ),
        CaseType("执异", "执行异议", "objection to enforcement", is_enforcement=True),
        CaseType("执复", "执行复议", "review of enforcement", is_enforcement=True),
        CaseType("执监", "执行监督", "supervision of enforcement", is_enforcement=True),
        CaseType("执协", "执行协调", "coordination of enforcement", is_enforcement=True),
        CaseType("执请", "执行请示", "request for instructions on enforcement", is_enforcement=True),
        CaseType("执他", "其他执行", "other enforcement", is_enforcement=True),
        CaseType("财保", "财产保全审查", "preservation review", is_enforcement=False, is_preservation=True),
    )
}

_BRACKETS = str.maketrans({"〔": "(", "[": "(", "【": "(", "〕": ")", "]": ")", "】": ")"})
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))

_YEAR = re.compile(r"\(((?:19|20)[0-9]{2})\)")
_COURT = re.compile(rf"((?:最高法|[{PROVINCES}军兵])[0-9]{{0,4}})")
_TYPE = re.compile(r"([\u4e00-\u9fff]{1,3})(?=[0-9])")
_SERIAL = re.compile(r"0*([1-9][0-9]{0,7})(?![0-9])")
_SUFFIX = r"(?:之([一二三四五六七八九十]{1,3}|[1-9][0-9]?)|-([1-9][0-9]?))?"
_END = re.compile(rf"{_SUFFIX}号{_SUFFIX}")
_OLD_HEAD = re.compile(rf"([\u4e00-\u9fff]{{1,8}}?)({'|'.join(sorted(CASE_TYPES, reverse=True))})字第?")
_OLD_MARK = re.compile(r"字第?[0-9]")

_EMPTY = Finding("case_number_empty", "案号为空。请填写案号。", "The case number is empty; give one.")
_TOO_LONG = Finding(
    "case_number_too_long", "案号过长。请只填写一个案号。", "Too long; give one case number only."
)
_BAD_YEAR = Finding(
    "case_number_year",
    "案号应以括号中的四位收案年度开头，例如（2018）。",
    "A case number begins with its four-digit year in brackets, for example （2018）.",
)
_BAD_COURT = Finding(
    "case_number_court",
    "年度之后应为法院代字：省级简称加数字，例如豫1424。",
    "After the year comes the court code: the province's character and digits, for example 豫1424.",
)
_BAD_TYPE = Finding(
    "case_number_type",
    "法院代字之后应为一至三个汉字的类型代字，再接案件编号，例如执1352。",
    "After the court code come a type code of one to three characters and the serial number, for example 执1352.",
)
_BAD_SERIAL = Finding(
    "case_number_serial",
    "案件编号应为一至八位数字，且不为零。",
    "The serial number has one to eight digits and is not zero.",
)
_BAD_END = Finding(
    "case_number_end",
    "案件编号之后应以“号”结尾，其后只能有“之一”一类的后缀。",
    "After the serial number comes 号, and after that at most a suffix such as 之一.",
)
_OLD_TYPE = Finding(
    "case_number_old_type",
    "2016年以前的案号须为执行类案件，例如（2015）柘执字第12号。",
    "A case number in the form before 2016 must be of an enforcement case, for example （2015）柘执字第12号.",
)


@dataclass(frozen=True, slots=True)
class CaseNumber:
    """`（2018）豫1424执1352号` in its parts. Two spellings of one number are equal; `given` keeps what was typed.

    A `suffix` (之一, 之二) numbers a paper within the case; `case` is the number without it. `old_style` marks the
    form before 2016, `（2015）柘执字第12号`: such cases still run when enforcement is resumed.
    """

    year: int
    court_code: str
    type_code: str
    serial: int
    suffix: str = ""
    old_style: bool = False
    given: str = field(default="", compare=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a case number in any of the spellings met: brackets and digits of either width, 〔〕, [], spaces.

        A type code that is not in `CASE_TYPES` is taken (a judgment's number is one): ask `is_enforcement`.

        Raises:
            CaseNumberError: what is wrong first, reading from the left.
        """
        if len(text) > MAX_LENGTH:
            raise CaseNumberError(_TOO_LONG)
        reader = _Reader(compact(text).translate(_BRACKETS).translate(_DASHES))
        if not reader.rest:
            raise CaseNumberError(_EMPTY)
        (year,) = reader.take(_YEAR, _BAD_YEAR)
        old_style = _OLD_MARK.search(reader.rest) is not None
        if old_style:
            court_code, type_code = reader.take(_OLD_HEAD, _OLD_TYPE)
        else:
            (court_code,) = reader.take(_COURT, _BAD_COURT)
            (type_code,) = reader.take(_TYPE, _BAD_TYPE)
        (serial,) = reader.take(_SERIAL, _BAD_SERIAL)
        suffixes = [part for part in reader.take(_END, _BAD_END) if part]
        if reader.rest or len(suffixes) > 1:
            raise CaseNumberError(_BAD_END)
        suffix = f"之{_in_characters(suffixes[0])}" if suffixes else ""
        return cls(int(year), court_code, type_code, int(serial), suffix, old_style, given=text)

    def __str__(self) -> str:
        middle = f"{self.type_code}字第" if self.old_style else self.type_code
        return f"（{self.year}）{self.court_code}{middle}{self.serial}号{self.suffix}"

    @property
    def case(self) -> Self:
        return replace(self, suffix="")

    @property
    def case_type(self) -> CaseType | None:
        """None for a type that is neither enforcement nor preservation."""
        return CASE_TYPES.get(self.type_code)

    @property
    def is_enforcement(self) -> bool:
        return self.case_type is not None and self.case_type.is_enforcement

    @property
    def is_preservation(self) -> bool:
        return self.case_type is not None and self.case_type.is_preservation


class _Reader:
    """Takes a text apart from the left."""

    def __init__(self, text: str) -> None:
        self.rest = text

    def take(self, pattern: re.Pattern[str], otherwise: Finding) -> tuple[str, ...]:
        match = pattern.match(self.rest)
        if match is None:
            raise CaseNumberError(otherwise)
        self.rest = self.rest[match.end() :]
        return match.groups(default="")


def _in_characters(number: str) -> str:
    """12 → 十二; what is in characters already stays."""
    if not number.isascii():
        return number
    tens, units = divmod(int(number), 10)
    digits = "零一二三四五六七八九"
    return ("" if tens == 0 else "十" if tens == 1 else f"{digits[tens]}十") + (
        digits[units] if units else ""
    )
