"""What a query was not taken as, in words: nothing that is typed is an error."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """One remark on a query.

    Attributes:
        code: stable.
        zh: what was done instead, in Chinese.
        en: the same in English.
    """

    code: str
    zh: str
    en: str


_TEXTS = {
    "too_long": (
        "查询太长，只查了前 {0} 个字。",
        "The query is very long; its first {0} characters were searched.",
    ),
    "too_many_words": (
        "词太多，只查了前 {0} 个。",
        "There are very many words; the first {0} were searched.",
    ),
    "unbalanced_quote": (
        "引号没有成对，引号里的词按普通词查。",
        "A quotation mark has no partner; the words behind it were searched as words.",
    ),
    "unbalanced_bracket": (
        "括号没有成对，已忽略。",
        "A bracket has no partner; it was left out.",
    ),
    "nothing_to_find": (
        "只有符号或运算词，没有可查的词，所以没有结果。请输入姓名、户号、地址或正文里的字。",
        "There are only signs or operators and no word to look for, so nothing was found. "
        "Type a name, a number, an address or words of a paper.",
    ),
    "misplaced_or": (
        "OR 前后各要有一个词，多余的已忽略。",
        "OR needs a word on both sides; one that lacks it was left out.",
    ),
    "wildcard": (
        "不需要 * 和 ?：词的开头、编号的开头和末四位本来就能查到。",
        "* and ? are not needed: beginnings of words, and beginnings and last digits of numbers, "
        "are found anyway.",
    ),
    "unknown_field": (
        "没有“{0}”这个字段，按普通文字查。可用：户号 表号 姓名 电话 地址 类型 日期 年度 正文 等。",
        "There is no field “{0}”; it was searched as text. Known: customer_no meter_no name phone "
        "address type date year text and others.",
    ),
    "empty_field": (
        "“{0}”后面没有内容，按普通文字查。要查某个字段，请写成“{0}:内容”。",
        "Nothing stands behind “{0}”; it was searched as text. For a field write “{0}:value”.",
    ),
    "unknown_value": (
        "“{0}”没有“{1}”这个值，所以查不到。可用：{2}。",
        "“{0}” has no value “{1}”, so it finds nothing. Known: {2}.",
    ),
    "unknown_type": (
        "没有名称含“{0}”的文件类型，所以查不到。请写类型名称（如 身份证、合同）或代码（如 A02），"
        "或不写“类型:”直接查。",
        "No kind of papers has “{0}” in its name, so it finds nothing. Write a kind (身份证, 合同) "
        "or a code (A02), or leave “type:” out.",
    ),
    "unknown_filter_value": (
        "筛选项“{0}”没有“{1}”这个值，所以查不到。请清除筛选，或从结果旁的筛选栏里选。",
        "The filter “{0}” has no value “{1}”, so nothing is found. Clear the filters, or choose "
        "from those beside the results.",
    ),
    "bad_date": (
        "“{0}”不是日期或起止日期。写法：2026、2026-03、2026年3月1日、2026-03..2026-05、>=2026-03。",
        "“{0}” is no date or span of dates. Write 2026, 2026-03, 2026-03-01, 2026-03..2026-05 or "
        ">=2026-03.",
    ),
    "unknown_place": (
        "没有查到名称含“{0}”的供电所、线路或台区（或不在您的范围内）。",
        "No station, line or district with “{0}” in its name is known here.",
    ),
    "many_places": (
        "名称相符的供电所、线路、台区太多，只查了前 {0} 个。",
        "Very many stations, lines and districts have such a name; the first {0} were searched.",
    ),
}
CODES = frozenset(_TEXTS)


def note(code: str, *values: object) -> Note:
    """The remark of this code; ``values`` are what it names."""
    zh, en = _TEXTS[code]
    return Note(code, zh.format(*values), en.format(*values))
