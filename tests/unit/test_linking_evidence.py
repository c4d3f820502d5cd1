"""Weighing: decides alone only when nearly certain and nobody else comes near."""

from __future__ import annotations

from dossier.records import PageReading, WordBox
from dossier.rules.addresses import address_key
from dossier.rules.evidence import Findings, RegisterEntry, weigh
from dossier.rules.paper import linking_rules, read_paper

RULES = linking_rules()
ZHANG = RegisterEntry(
    "4200000012",
    "张三",
    address=address_key("襄阳市襄州区航空路12号3栋2单元501室"),
    meters=frozenset({"4120001000000000012345"}),
    phones=frozenset({"14200001234"}),
    old_numbers=frozenset({"70000012"}),
)
NAMESAKE = RegisterEntry(
    "4200000099", "张三", address=address_key("襄阳市襄州区人民路7号1栋1单元101室")
)
OTHER = RegisterEntry("4200000013", "李四", address=address_key("襄州区光明巷9号"))


def ask(text: str, *entries: RegisterEntry, findings: Findings | None = None):
    paper = read_paper([PageReading(1, text)], RULES)
    return weigh(paper, entries, findings or Findings(), RULES)


def given(number: str, kind: str = "given") -> Findings:
    return Findings(hints={number: {kind}})


def test_number_and_name_together_decide() -> None:
    verdict = ask("户号：4200000012 户名：张三", ZHANG, OTHER)
    assert verdict.decided == "4200000012"
    assert verdict.confidence >= 0.99
    assert verdict.reasons == ("customer_no", "name")


def test_a_labelled_number_of_the_register_decides_only_when_it_was_read_well() -> None:
    assert ask("户号：4200000012", ZHANG).decided == "4200000012"
    faint = PageReading(1, "户号：4200000012", (WordBox(0, 13, (0, 0, 130, 20), 0.6),))
    verdict = weigh(read_paper([faint], RULES), [ZHANG], Findings(), RULES)
    assert (verdict.decided, verdict.reasons) == (None, ("weak",))
    assert verdict.candidates[0].customer_no == "4200000012"


def test_a_number_without_a_label_does_not_decide_alone() -> None:
    assert ask("4200000012", ZHANG).decided is None
    assert ask("4200000012 户名：张三", ZHANG).decided == "4200000012"


def test_a_number_with_the_name_of_somebody_else_is_a_contradiction() -> None:
    verdict = ask("户号：4200000013 户名：张三", ZHANG, OTHER)
    assert verdict.decided is None
    assert {one.customer_no for one in verdict.candidates} == {"4200000012", "4200000013"}


def test_a_name_alone_never_decides_even_when_only_one_bears_it() -> None:
    assert ask("户名：张三", ZHANG).decided is None
    assert ask("户名：张三", ZHANG, NAMESAKE).decided is None


def test_two_bearers_of_a_name_are_told_apart_by_the_address() -> None:
    verdict = ask("户名：张三\n用电地址：航空路十二号3-2-501", ZHANG, NAMESAKE)
    assert verdict.decided == "4200000012"
    assert verdict.reasons == ("name_address",)


def test_the_flat_next_door_is_not_enough() -> None:
    assert ask("户名：张三\n用电地址：航空路12号3栋2单元502室", ZHANG, NAMESAKE).decided is None


def test_a_meter_number_decides_but_not_against_the_printed_name() -> None:
    meter = "表号：4120001000000000012345"
    assert ask(meter, ZHANG).decided == "4200000012"
    assert ask(f"{meter} 户名：王小明", ZHANG).decided is None


def test_an_identity_number_of_two_accounts_waits_for_the_address() -> None:
    findings = Findings(by_id={"4200000012", "4200000099"})
    card = "姓名：张三 公民身份号码：999999199001010016"
    assert ask(card, ZHANG, NAMESAKE, findings=findings).decided is None
    whole = f"{card}\n住址：襄阳市襄州区航空路12号3栋2单元501室"
    assert ask(whole, ZHANG, NAMESAKE, findings=findings).decided == "4200000012"


def test_what_the_sender_named_is_taken_when_the_page_does_not_contradict() -> None:
    assert ask("", ZHANG, findings=given("4200000012")).decided == "4200000012"
    assert ask("停电通知", ZHANG, findings=given("4200000012", "folder")).decided == "4200000012"


def test_what_the_sender_named_is_doubted_when_the_page_names_somebody_else() -> None:
    verdict = ask("户号：4200000013 户名：李四", ZHANG, OTHER, findings=given("4200000012"))
    assert verdict.decided is None
    assert {one.customer_no for one in verdict.candidates} == {"4200000012", "4200000013"}


def test_a_list_of_customers_belongs_to_nobody_even_in_somebodys_folder() -> None:
    third = RegisterEntry("4200000014", "王五")
    text = "批扣失败清单\n户号\t户名\n4200000012\t张三\n4200000013\t李四\n4200000014\t王五"
    assert ask(text, ZHANG, OTHER, third).decided is None
    verdict = ask(text, ZHANG, OTHER, third, findings=given("4200000012"))
    assert verdict.decided is None
    assert "several_customers" in verdict.reasons
    assert len(verdict.candidates) == 3


def test_one_wrong_digit_gives_a_candidate_and_no_decision() -> None:
    findings = Findings(near={"4200000012"})
    verdict = ask("户号：4200000011 户名：张三", ZHANG, findings=findings)
    assert verdict.decided is None
    assert verdict.candidates[0].customer_no == "4200000012"
    assert "customer_no" in verdict.candidates[0].reasons


def test_letters_taken_for_digits_need_a_second_finding() -> None:
    assert ask("户号：42OO0O00l2", ZHANG).decided is None
    both = "户号：42OO0O00l2 户名：张三 联系电话：142-0000-1234"
    assert ask(both, ZHANG).decided == "4200000012"


def test_the_reasons_explain_the_sum() -> None:
    (candidate,) = ask("户号：4200000012 户名：张三", ZHANG).candidates
    assert candidate.score == RULES.prior + sum(candidate.parts.values())
    assert candidate.parts == {
        "customer_no": RULES.weights["customer_no"],
        "name": RULES.weights["name"],
    }


def test_nine_candidates_are_shown_at_most_and_the_best_comes_first() -> None:
    many = [RegisterEntry(f"42000001{n:02d}", "张三") for n in range(30)]
    verdict = ask("户名：张三 联系电话：142-0000-1234", *many, ZHANG)
    assert len(verdict.candidates) == 9
    assert verdict.candidates[0].customer_no == "4200000012"


def test_nothing_found_says_so() -> None:
    verdict = ask("通知", ZHANG)
    assert (verdict.decided, verdict.reasons, verdict.candidates) == (None, ("nothing_found",), ())
