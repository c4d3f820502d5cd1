"""Whatever is typed is answered clearly and soon, never by an error (issue 4, bad input)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from indexer import rebuild

SOON = 5.0
"""Seconds: far above what any of these takes alone, below what a run-away query would."""

HOSTILE = {
    "thousands of characters": "供用电合同张三" * 900,  # more does not fit into an address
    "ten thousand letters": "zhangsan" * 1250,
    "ten thousand digits": "1234567890" * 1000,
    "five hundred words": "供用电合同 张三 " * 250,
    "five hundred syllables": "zhang san " * 250,
    "five hundred of one character": "张 三 " * 250,
    "five hundred alternatives": "张三 OR " * 500,
    "five hundred exclusions": "-张三 " * 500,
    "five hundred fields": "name:张三 " * 500,
    "open quotes": '"张三 ' * 500,
    "open brackets": "(张三 " * 500,
    "nested brackets": "(" * 400 + "张三" + ")" * 400,
    "wild cards": "* ? ** *张* ???",
    "control characters": "\x01\x02张三\x07\x1b[31m",
    "directions and zero widths": "\u202e张\u200b\u200d三\u2066\ufeff",
    "a lone accent": "\u0301",
    "private and unassigned": "\ue000\U000f0000\U0010ffff",
    "SQL": "'; DROP TABLE customer; -- 张三",
    "SQL with wild cards": "%' OR '1'='1",
    "Lucene": "name:(张* AND +三^5) || _exists_:id_no~2 [a TO z} /x.*/",
    "JSON": '{"query":{"bool":{"must":[{"match_all":{}}]}},"size":10000}',
    "a script": '${jndi:ldap://x} {{7*7}} <script>alert("张三")</script>',
    "signs only": "。，、；：？！…—·「」『』",
    "operators only": "OR AND NOT - | ( ) \"\"",
    "a number of a hundred digits": "9" * 100,
    "dates of nowhere": "date:9999-99-99 日期:..  date:>> 年度:0..0",
    "address of numbers": "-".join(["1"] * 400),
    "one character a thousand times": "电" * 1000,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("who", ["archivist", "agent"])
def test_hostile_input_is_answered_soon(golden: Any, name: str, who: str) -> None:
    golden.ask("张三", who)  # warm
    started = time.perf_counter()
    answer = golden.ask(HOSTILE[name], who)
    assert time.perf_counter() - started < SOON
    assert len(answer["hits"]) <= answer["total"]
    assert len(answer["notes"]) <= len(set(answer["notes"])) <= 9


@pytest.mark.parametrize("name", ["signs only", "operators only", "a lone accent"])
def test_without_a_word_nothing_is_found_and_the_note_says_why(golden: Any, name: str) -> None:
    answer = golden.ask(HOSTILE[name], "archivist")
    assert (answer["total"], answer["notes"][-1]) == (0, "nothing_to_find")


def test_an_empty_box_shows_everything_in_scope(golden: Any) -> None:
    assert golden.ask("", "archivist")["total"] == golden.ask(" ", "archivist")["total"] == 61
    assert golden.ask("", "agent_east")["total"] < golden.ask("", "agent")["total"]


def test_what_is_cut_off_is_said(golden: Any) -> None:
    assert "too_long" in golden.ask(HOSTILE["ten thousand letters"], "archivist")["notes"]
    assert "too_many_words" in golden.ask("张三 合同 " * 60, "archivist")["notes"]


# -- what programs send ---------------------------------------------------------------------------

WRONG = {
    "a size of a thousand million": ({"size": "1000000000"}, 422, "(≤ 100)"),
    "a size of a hundred digits": ({"size": "9" * 100}, 422, "query.size"),
    "an unknown filter": ({"filter.nothing": "1"}, 400, "可用：category、completeness、district"),
    "a filter without its beginning": ({"type": "C01"}, 400, "筛选写成 filter.名称=值"),
    "an unknown facet": ({"facets": "type,nothing"}, 400, "可用：category、completeness、district"),
    "a cursor that is none": ({"cursor": "../../etc"}, 400, "请从第一页重新开始"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_parameter_is_a_problem_that_says_how_to_mend_it(golden: Any, name: str) -> None:
    parameters, status, told = WRONG[name]
    answer = request(golden, "张三", "archivist", **parameters)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert told in answer.json()["detail_zh"]
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "who"), [("章珊", "archivist"), ("", "agent"), ("", "archivist_west")]
)
def test_a_cursor_of_another_query_or_of_other_rights_is_refused(
    golden: Any, query: str, who: str
) -> None:
    cursor = request(golden, "", "archivist", size="5").json()["next_cursor"]
    answer = request(golden, query, who, size="5", cursor=cursor)
    assert answer.status_code == 400
    assert "翻页位置属于另一次查询" in answer.json()["detail_zh"]


def test_a_cursor_of_yesterdays_generation_goes_on_where_it_was(golden: Any) -> None:
    first = request(golden, "", "archivist", size="25").json()
    rebuild.rebuild(golden.context, reason="a test")
    second = request(golden, "", "archivist", size="25", cursor=first["next_cursor"]).json()
    rebuild.rebuild(golden.context, reason="a test")
    third = request(golden, "", "archivist", size="25", cursor=second["next_cursor"]).json()
    seen = [name for page in (first, second, third) for name in golden.hits(page)]
    assert len(seen) == len(set(seen)) == first["total"] == 61
    assert third["next_cursor"] is None


def request(golden: Any, query: str, who: str, **parameters: str) -> Any:
    """The answer as it comes, whatever its status."""
    return golden.client.get(
        "/api/v1/search",
        params={"q": query, **parameters},
        headers={"Authorization": f"Bearer {golden.tokens[who]}"},
    )
