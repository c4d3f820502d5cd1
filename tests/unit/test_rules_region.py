"""Names of places that an archive adds to the built-in ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from dossier.errors import ConfigurationError
from dossier.rules import region
from dossier.rules.organisations import core_name, shop_owner
from dossier.search.fields import load_fields

DAY = date(2026, 11, 22)
HEAD = "name: organisation_names\nsource: an order\neffective_from: 2026-01-01\n"


@pytest.fixture
def added() -> Iterator[None]:
    before = region.added()
    yield
    region.use(before)


@pytest.mark.usefixtures("added")
def test_a_place_that_is_added_is_left_out_of_a_company_and_told_from_a_shop_owner() -> None:
    company, shop = "云梦万和食品有限公司", "云梦王小明理发店"
    region.use(())
    assert core_name(company) == "云梦万和食品"
    assert shop[slice(*(shop_owner(shop) or ()))] == "云梦王小明"
    region.use(region.read(HEAD + "region: 应城 雲夢", "own.yaml", at=DAY))
    assert core_name(company) == "万和食品"
    assert core_name("云梦县万和食品厂") == "万和食品"
    assert core_name("襄阳华泰机械有限公司") == "华泰机械"
    assert shop[slice(*(shop_owner(shop) or ()))] == "王小明"


@pytest.mark.usefixtures("added")
def test_other_places_make_another_index_and_none_the_same_as_ever() -> None:
    region.use(())
    plain = load_fields(rules=region.digest()).fingerprint
    assert plain == load_fields().fingerprint
    region.use(("云梦",))
    assert load_fields(rules=region.digest()).fingerprint != plain


def test_places_take_effect_on_their_day() -> None:
    body = HEAD.replace("2026-01-01", "2026-11-23") + "region: 云梦"
    assert region.read(body, "own.yaml", at=DAY) == ()
    assert region.read(body, "own.yaml", at=date(2026, 11, 23)) == ("云梦",)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", "own.yaml lacks name, effective_from, source"),
        ("[]", "own.yaml lacks"),
        ("region: [", "own.yaml, line 1: not valid YAML"),
        (HEAD.replace("2026-01-01", "2026-02-30"), "own.yaml, line 3: .*'2026-02-30' is no value"),
        (HEAD.replace("2026-01-01", "2026-02-03 10:00:00"), "effective_from must be a date"),
        (HEAD.replace("an order", "!!python/name:os.system ''"), "own.yaml, line 2: .*constructor"),
        ("name: organisation_names\nsource: x\nregion: 云梦", "lacks effective_from"),
        (HEAD.replace("organisation_names", "roles") + "region: 云梦", "name must be"),
        (HEAD, "region names no place"),
        (HEAD + "region: 云梦\nlegal_forms: 公司", "legal_forms cannot be set here"),
        (HEAD + "region: 云", "'云' is no bare name"),
        (HEAD + "region: 云梦1", "'云梦1' is no bare name"),
        (HEAD + "region: 公司", "'公司' is a legal form"),
        (HEAD + "region: 理发店", "'理发店' is a legal form, an ending or a trade"),
    ],
)
def test_a_wrong_file_is_refused_with_the_reason(body: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        region.read(body, "own.yaml", at=DAY)
