"""The role matrix of domain.md §5 as data: what it says, and what it refuses at start."""

from __future__ import annotations

import re
from datetime import date

import pytest
import yaml

from dossier.errors import ConfigurationError
from dossier.rules import rulebook
from dossier.rules.role_matrix import Held, Matrices, ScopeWord, in_order, may
from dossier.rules.role_matrix_file import read_matrix
from dossier.rules.role_words import load_words, separated
from dossier.rules.sources import cited
from dossier.viewer import Permission

TODAY = date(2026, 11, 22)
HEAD = "name: roles\neffective_from: 2026-01-01\nsource: order 12\nmatrix:\n"


def built_in() -> Matrices:
    return in_order([read_matrix(rulebook.text("roles"), "rulebook/roles.yaml", load_words())])


def refused(text: str) -> str:
    with pytest.raises(ConfigurationError) as why:
        in_order([read_matrix(text, "roles.yaml", load_words())])
    return why.value.detail


def given(role: str, held: Held = Held.UNIT) -> set[str]:
    matrix = built_in().on(TODAY)
    assert matrix is not None
    return {
        permission.value
        for way, permissions in matrix.given(role, TODAY)
        if way.counts_for(held)
        for permission in permissions
    }


def test_the_roles_of_the_domain_and_the_security_officer_are_there() -> None:
    words = load_words()
    assert len(words.roles) == 14
    assert {code for code, role in words.roles.items() if role.is_separated} == {
        "administrator",
        "security_officer",
        "auditor",
    }
    used = {cell.role for cell in built_in().each[0].cells}
    assert used == set(words.roles)


def test_the_first_five_roles_may_what_they_always_might() -> None:
    reading = {"search", "read_customer", "read_content"}
    clear = {*reading, "read_original", "see_clear", "export", "print"}
    intake = {"see_pool", "see_intake", "manage_intake", "import"}
    facts = {"verify", "pull_changes", "settle_differences"}
    loans = {"borrow", "lend"}
    assert given("archivist") == {*clear, *intake, *loans, "upload", "assign", "shelve",
                                  "take_stock", "hand_out", *facts}  # fmt: skip
    assert given("supervisor") == {*clear, "approve", "assign", "read_audit", "see_lookers",
                                   "waive", "run_campaigns", *facts, *loans}  # fmt: skip
    assert given("agent") == {*reading, "reveal", "check_caller", "borrow"}
    assert given("auditor") == {"read_audit", "see_rights"}
    assert given("administrator") == {"search", "read_customer", *intake, "operate", "see_rights",
                                      "manage_users", "manage_organisation",
                                      "manage_watched_names", "send_events"}  # fmt: skip


def test_every_permission_that_the_program_demands_is_given_by_some_action() -> None:
    actions = load_words().actions.values()
    of_actions = {one for action in actions for one in action.gives | action.by_click}
    assert set(Permission) - of_actions == {Permission.SIGNED_IN, Permission.PUBLIC}


def test_actions_without_a_feature_are_known_and_give_nothing() -> None:
    words = load_words()
    assert not words.actions["dispose_propose"].is_built
    answer = may(built_in(), "archivist", "dispose_propose", held=Held.UNIT, covers=True, day=TODAY)
    assert answer.allowed
    assert answer.cell is not None
    assert answer.cell.source == "D5"


def test_what_no_cell_says_is_denied() -> None:
    for role, action in (("agent", "upload"), ("agent", "no such"), ("nobody", "read_metadata")):
        assert not may(built_in(), role, action, held=Held.COMPANY, covers=True, day=TODAY).allowed


def test_what_the_grant_does_not_cover_is_denied_even_to_who_may_everything() -> None:
    answer = may(built_in(), "archivist", "read_image", held=Held.UNIT, covers=False, day=TODAY)
    assert not answer.allowed


def test_the_district_manager_sees_contacts_only_by_a_grant_of_a_district() -> None:
    for held, allowed in ((Held.DISTRICT, True), (Held.UNIT, False), (Held.COMPANY, False)):
        answer = may(
            built_in(), "district_manager", "unmask_contact", held=held, covers=True, day=TODAY
        )
        assert answer.allowed is allowed
    assert "see_clear" not in given("district_manager", Held.DISTRICT)


def test_dispute_handlers_see_their_case_and_ask_for_the_rest() -> None:
    case = may(built_in(), "legal", "read_image", held=Held.CASE, covers=True, day=TODAY)
    assert case.allowed
    beyond = may(built_in(), "legal", "read_image", held=Held.CASE, covers=False, day=TODAY)
    assert not beyond.allowed
    assert beyond.approval
    assert given("legal", Held.UNIT) == {"borrow"}  # and what is lent somebody approved


def test_an_approval_or_an_aggregate_opens_nothing_by_itself() -> None:
    assert given("analyst", Held.COMPANY) == set()
    assert "see_clear" not in given("marketing")
    assert "print" not in given("marketing")


def test_the_matrix_in_force_on_the_day_decides() -> None:
    words = load_words()
    first = read_matrix(f"{HEAD}  upload:\n    agent: own\n", "roles.yaml", words)
    later = read_matrix(
        HEAD.replace("2026-01-01", "2027-01-01") + "  upload:\n    crew: own\n", "next.yaml", words
    )
    both = in_order([later, first])
    for role, day, allowed in (
        ("agent", date(2025, 12, 31), False),
        ("agent", date(2026, 1, 1), True),
        ("agent", date(2026, 12, 31), True),
        ("agent", date(2027, 1, 1), False),
        ("crew", date(2027, 1, 1), True),
    ):
        answer = may(both, role, "upload", held=Held.UNIT, covers=True, day=day)
        assert answer.allowed is allowed, (role, day)


def test_a_cell_may_have_dates_and_a_source_of_its_own() -> None:
    text = (
        f"{HEAD}  upload:\n    agent:\n"
        "      - {may: own, to: 2026-06-30}\n"
        "      - {may: own masked, from: 2026-08-01, source: order 13}\n"
    )
    matrices = in_order([read_matrix(text, "roles.yaml", load_words())])
    states = [
        may(matrices, "agent", "upload", held=Held.UNIT, covers=True, day=day)
        for day in (date(2026, 6, 30), date(2026, 7, 1), date(2026, 8, 1))
    ]
    assert [state.allowed for state in states] == [True, False, True]
    assert states[2].masked
    assert states[2].cell is not None
    assert states[2].cell.source == "order 13"


def test_a_matrix_that_ended_leaves_nobody_any_right() -> None:
    text = HEAD.replace("source:", "effective_to: 2026-06-30\nsource:")
    matrices = in_order(
        [read_matrix(f"{text}  upload:\n    agent: own\n", "roles.yaml", load_words())]
    )
    assert matrices.on(date(2026, 6, 30)) is not None
    assert matrices.on(date(2026, 7, 1)) is None


@pytest.mark.parametrize(
    ("cells", "line", "reason"),
    [
        ("  fly:\n    agent: own\n", 5, "unknown action 'fly'"),
        ("  upload:\n    pilot: own\n", 6, "unknown role 'pilot'"),
        ("  upload:\n    agent: galaxy\n", 6, "unknown scope word 'galaxy'"),
        ("  upload:\n    agent: own loudly\n", 6, "unknown condition 'loudly'"),
        ("  upload:\n    agent: own\n    agent: own\n", 7, "'agent' stands here twice"),
        ("  upload:\n    agent: [{may: own, form: 2026-01-01}]\n", 6, "unknown entry 'form'"),
        ("  upload:\n    agent: [{may: own, from: soon}]\n", 6, "'from' must be a date"),
        (
            "  upload:\n    agent:\n      - {may: own, to: 2026-06-30}\n"
            "      - {may: own, from: 2026-06-30}\n",
            8,
            "two entries for upload on the same days",
        ),
        (
            "  upload:\n    agent: [{may: own, from: 2026-06-30, to: 2026-06-01}]\n",
            6,
            "'to' lies before 'from'",
        ),
        ("  upload: [\n", 6, "not valid YAML"),
        ("  upload:\n    agent: [{may: own, from: 2026-02-30}]\n", 6, "'2026-02-30' is no value"),
        ("  upload:\n    agent: [{may: own, note: !!int x}]\n", 6, "'x' is no value"),
        ("  upload:\n    agent: [{may: own, note: !!bool x}]\n", 6, "'x' is no value"),
        ("  upload:\n    agent: [{may: own, note: !!timestamp x}]\n", 6, "'x' is no value"),
        (
            "  upload:\n    agent: [{may: own, note: !!python/object/apply:os.system [id]}]\n",
            6,
            "could not determine a constructor",
        ),
        ("  upload: " + "[" * 5000, 1, "too deep"),
    ],
)
def test_what_a_matrix_does_not_know_is_refused_by_line_and_reason(
    cells: str, line: int, reason: str
) -> None:
    said = refused(HEAD + cells)
    assert said.startswith(f"roles.yaml, line {line}: ")
    assert reason in said


@pytest.mark.parametrize(
    ("head", "line", "reason"),
    [
        (HEAD.replace("2026-01-01", "2026-13-01"), 2, "'2026-13-01' is no value: month must be"),
        (HEAD.replace("2026-01-01", "2026-01-32T00:00:00Z"), 2, "is no value"),
        (
            HEAD.replace("name: roles", "name: !!python/object/apply:os.system [id]"),
            1,
            "could not determine a constructor",
        ),
    ],
)
def test_what_a_matrix_says_of_itself_is_refused_by_line_where_there_is_no_such_value(
    head: str, line: int, reason: str
) -> None:
    said = refused(head + "  upload: {agent: own}\n")
    assert said.startswith(f"roles.yaml, line {line}: ")
    assert reason in said


def test_a_matrix_may_hold_to_the_last_day_that_there_is() -> None:
    head = HEAD.replace("matrix:", "effective_to: 9999-12-31\nmatrix:")
    assert read_matrix(head + "  upload: {agent: own}\n", "a.yaml", load_words()).until is None


@pytest.mark.parametrize(
    "heads",
    [
        ("2026-01-01", "2026-01-01"),
        ("2026-01-01\neffective_to: 2026-07-01", "2026-07-01"),
    ],
)
def test_two_matrices_of_the_same_day_are_refused(heads: tuple[str, str]) -> None:
    each = [
        read_matrix(HEAD.replace("2026-01-01", head) + "  upload: {agent: own}\n", file, words)
        for head, file, words in zip(heads, ("a.yaml", "b.yaml"), [load_words()] * 2, strict=True)
    ]
    with pytest.raises(ConfigurationError, match=r"b\.yaml, line 1: its dates overlap"):
        in_order(each)


def test_no_two_of_the_separated_roles_go_together() -> None:
    words = load_words()
    assert separated(words, ["administrator", "auditor", "agent"]) == {"administrator", "auditor"}
    assert separated(words, ["administrator", "agent"]) == frozenset()


def test_every_cell_of_the_built_in_matrix_is_written_in_known_words() -> None:
    body = yaml.safe_load(rulebook.text("roles"))
    cells = sum(len(row) for row in body["matrix"].values())
    assert cells == len(built_in().each[0].cells)
    assert {way.scope for cell in built_in().each[0].cells for way in cell.ways} == {
        ScopeWord.EVERYTHING,
        ScopeWord.OWN,
        ScopeWord.DISTRICT,
        ScopeWord.CASE,
    }


def test_every_source_of_the_built_in_matrix_is_explained() -> None:
    matrix = built_in().on(TODAY)
    assert matrix is not None
    for source in {matrix.source, *(cell.source for cell in matrix.cells)}:
        named = re.findall(r"\b(?:D\d(?:\.\d)?|S\d-\d\d)\b", source)
        assert [one.id for one in cited(source)] == named != [], source


def test_an_office_s_own_source_is_not_taken_for_one_of_ours() -> None:
    assert cited("公司制度 D5") == ()
    assert cited("D5.12") == ()
    assert [one.id for one in cited("D5; D6.2 approver row")] == ["D5", "D6.2"]
