"""The invented register: numbers formally right, names hard, rows repeatable."""

import csv
import time

import pytest
from stdnum import luhn
from stdnum.cn import ric, uscc

from dossier.plugins.demo import names, numbers
from dossier.plugins.demo.customers import HEADER, invent_customers, write_customers


def test_the_same_seed_invents_the_same_customers_and_another_seed_others():
    first, again = list(invent_customers(5, 200)), list(invent_customers(5, 200))
    assert first == again
    assert first != list(invent_customers(6, 200))


def test_identity_numbers_have_the_right_check_digit_and_an_unassigned_area():
    for index in range(0, 3_000_000, 7_919):
        number = numbers.identity_no(index)
        assert len(number) == 18
        assert number.startswith("999999")
        assert ric.calc_check_digit(number) == number[-1]  # it takes the whole number
        assert 1945 <= numbers.birth_of(number).year <= 2004


def test_credit_codes_pass_both_checks_of_an_independent_library():
    for index in range(0, 2_000_000, 4_409):
        assert uscc.is_valid(numbers.credit_code(index))
    assert uscc.is_valid("91999900MA0A1B2C25")  # domain.md §4.3


def test_organisation_check_digit_matches_the_vector_of_the_domain_book():
    assert numbers._organisation_check("MA0A1B2C") == "2"


def test_bank_cards_pass_the_luhn_test():
    assert all(luhn.is_valid(numbers.bank_card(index)) for index in range(0, 10**6, 9_973))


def test_twenty_thousand_customers_share_no_customer_or_meter_number():
    customers = list(invent_customers(3, 20_000))
    for name in ("customer_no", "meter_no"):
        assert len({getattr(customer, name) for customer in customers}) == 20_000


def test_only_the_same_person_has_the_same_identity_number_twice():
    owners = {}
    for customer in invent_customers(3, 20_000):
        owners.setdefault(customer.id_no, []).append(customer)
    several = [group for group in owners.values() if len(group) > 1]
    assert 100 < len(several) < 600
    assert all(len({customer.name for customer in group}) == 1 for group in several)


def test_mobile_numbers_use_prefixes_that_no_operator_holds():
    for customer in invent_customers(4, 500):
        assert customer.first_phone[:3] in numbers.FREE_PREFIXES
        assert len(customer.first_phone) == 11


def test_even_a_small_register_has_the_hard_names():
    found = [customer.name for customer in invent_customers(1, 7)]
    assert any("𠮷" in name for name in found)
    assert any("·" in name for name in found)
    assert any(name in names.TRADITIONAL_NAMES for name in found)
    assert any(name.startswith(names.COMPOUND_SURNAMES) for name in found)
    assert len(set(found)) < len(found), "two customers share a name"


def test_a_big_register_has_closed_accounts_old_numbers_and_every_category():
    customers = list(invent_customers(1, 600))
    assert {customer.category for customer in customers} == {"LR", "LN", "HV", "IM", "PV"}
    assert any(customer.status == "已销户" for customer in customers)
    assert any(customer.old_customer_no for customer in customers)
    assert any(";" in customer.meter_no for customer in customers)


def test_the_customer_file_has_the_documented_header(tmp_path):
    assert write_customers(tmp_path / "c.csv", invent_customers(1, 3)) == 3
    with (tmp_path / "c.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert ",".join(rows[0]) == (
        "customer_no,name,category,id_type,id_no,phone,address,meter_no,unit,line,district,"
        "status,voltage,capacity_kva,opened_on,fee_control,old_customer_no"
    )
    assert tuple(rows[0]) == HEADER
    assert all(len(row) == len(HEADER) for row in rows)


@pytest.mark.slow
def test_a_hundred_thousand_customers_take_seconds():
    start = time.process_time()  # not the clock: others may keep the machine busy
    assert sum(1 for _ in invent_customers(9, 100_000)) == 100_000
    assert time.process_time() - start < 20
