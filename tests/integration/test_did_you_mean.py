"""Nothing found: what was probably meant, within scope and masked."""

from __future__ import annotations

from tests.support_seeded import EAST, WEST, Seeded


def meant(archive: Seeded, user: str, q: str):
    answer = archive.get("/api/v1/search", user, params={"q": q})
    assert answer.status_code == 200
    return answer.json()


def test_a_name_that_sounds_alike_leads_to_the_customer(seeded: Seeded) -> None:
    found = meant(seeded, "agent", "欧阳济越")
    assert found["total"] == 0
    (first, *_) = found["did_you_mean"]
    assert first["reason"] == "sounds_alike"
    assert [each["customer_no"] for each in first["customers"]] == [EAST.customer_no]
    assert first["customers"][0]["name"] == "欧阳**"


def test_two_swapped_digits_and_one_wrong_digit_lead_to_the_customer(seeded: Seeded) -> None:
    swapped = (
        EAST.customer_no[:1] + EAST.customer_no[2] + EAST.customer_no[1] + EAST.customer_no[3:]
    )
    wrong = EAST.customer_no[:5] + "7" + EAST.customer_no[6:]
    for typed in (swapped, wrong):
        found = meant(seeded, "archivist", typed)
        offered = {near["q"]: near for near in found["did_you_mean"]}
        near = offered[EAST.customer_no]  # the number itself, not the tries at it
        assert [each["customer_no"] for each in near["customers"]] == [EAST.customer_no]
        assert near["total"] == meant(seeded, "archivist", EAST.customer_no)["total"] == 1


def test_nobody_learns_of_customers_of_another_station(seeded: Seeded) -> None:
    swapped = WEST.customer_no[1] + WEST.customer_no[0] + WEST.customer_no[2:]
    assert meant(seeded, "agent_east", swapped)["did_you_mean"] == []
    found = meant(seeded, "agent_west", swapped)["did_you_mean"]
    assert found[0]["customers"][0]["customer_no"] == WEST.customer_no


def test_a_number_is_found_as_our_own_pages_show_it(seeded: Seeded) -> None:
    number = EAST.customer_no
    typed = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    for q in (typed, f"户号:{typed}", f"户号 {typed}", typed[:9]):
        assert EAST.customer_no in [
            hit["customer"]["customer_no"] for hit in meant(seeded, "archivist", q)["hits"]
        ], q


def test_an_answer_with_hits_has_no_other_queries(seeded: Seeded) -> None:
    assert meant(seeded, "agent", EAST.customer_no)["did_you_mean"] == []


def test_what_was_not_understood_is_said_in_words(seeded: Seeded) -> None:
    found = meant(seeded, "agent", '"合同')
    assert found["notes"] == ["unbalanced_quote"]
    assert len(found["remarks"]) == 1
    assert "unbalanced" not in found["remarks"][0]


def test_mistyped_letters_lead_to_the_customer(seeded: Seeded) -> None:
    found = meant(seeded, "agent", "ouynag")
    assert found["total"] == 0
    (first, *_) = found["did_you_mean"]
    assert first["reason"] == "swapped_letters"
    assert [each["customer_no"] for each in first["customers"]] == [EAST.customer_no]


def test_of_words_that_are_nowhere_together_each_leads_somewhere(seeded: Seeded) -> None:
    found = meant(seeded, "archivist", f"{EAST.name} {WEST.customer_no} 绝无此词")
    assert found["total"] == 0
    assert {near["q"] for near in found["did_you_mean"]} == {EAST.name, WEST.customer_no}
    assert all(near["total"] for near in found["did_you_mean"])
