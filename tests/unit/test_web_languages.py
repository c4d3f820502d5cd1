"""The language that a browser asks for, against those that are spoken."""

from __future__ import annotations

import pytest

from dossier.web.languages import choose


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh_CN"),
        ("zh-Hans-CN", "zh_CN"),
        ("zh-SG", "zh_CN"),
        ("zh-TW", "zh_TW"),
        ("zh-HK,zh;q=0.5", "zh_TW"),
        ("zh-Hant-HK", "zh_TW"),
        ("zh_TW", "zh_TW"),
        ("en-GB,zh;q=0.3", "en"),
        ("zh;q=0.3, en-US", "en"),
        ("fr-FR, de;q=0.8, en;q=0.2", "en"),
        ("en;q=0, zh-TW;q=0.1", "zh_TW"),
        ("fr", "zh_CN"),
        ("*", "zh_CN"),
        ("", "zh_CN"),
        ("en;q=many", "zh_CN"),
        (";;,,=", "zh_CN"),
    ],
)
def test_the_best_liked_language_that_is_spoken_is_chosen(asked: str, answer: str) -> None:
    assert choose(asked, "zh_CN") == answer
