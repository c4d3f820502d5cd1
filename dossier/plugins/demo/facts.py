"""What a paper is about: the customer, the day, the case, and how the paper names its customer."""

# ruff: noqa: S311 - a repeatable generator is wanted, nothing here is a secret

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from datetime import date

from dossier.plugins.demo import eras, names, numbers, wording
from dossier.plugins.demo.content import Entry, Party
from dossier.plugins.demo.customers import InventedCustomer

IDENTITIES = ("customer_no", "meter_no", "id_no", "name_address", "name")
"""What a paper tells about its customer besides the name; ``name`` alone may not decide."""

LABELS = {
    "ruled": {
        "customer_no": "户号",
        "name": "户名",
        "meter_no": "电能表资产编号",
        "phone": "联系电话",
        "address": "用电地址",
        "id_no": "证件号码",
    },
    "letter": {
        "customer_no": "客户编号",
        "name": "客户名称",
        "meter_no": "表号",
        "phone": "移动电话",
        "address": "用电地址",
        "id_no": "身份证件号码",
    },
    "boxed": {
        "customer_no": "用电户号",
        "name": "用电人",
        "meter_no": "资产编号",
        "phone": "手机",
        "address": "地址",
        "id_no": "有效证件号码",
    },
}


@dataclass(frozen=True, slots=True)
class Facts:
    """The values from which one paper's content is built.

    Attributes:
        customer: whose paper it is.
        layout: plain name of the layout, which also chooses titles and labels.
        on: the paper's date.
        case_no: number of the business case.
        staff: the company's handler.
        identity: one of :data:`IDENTITIES`.
        rng: for everything that a form leaves open.
    """

    customer: InventedCustomer
    layout: str
    on: date
    case_no: str
    staff: str
    identity: str
    rng: random.Random

    @property
    def organisation(self) -> str:
        """The issuing office."""
        return f"{self.company}{self.customer.unit}"

    @property
    def company(self) -> str:
        """The utility, as it was called then."""
        return self.then("company")

    def then(self, kind: str) -> str:
        """The word of that kind that was in use on the paper's day."""
        return eras.word(kind, self.on)

    @property
    def id_type(self) -> str:
        """What the customer proves its identity by."""
        return self.customer.id_type if self.customer.is_person else self.then("organisation_paper")

    @property
    def seal(self) -> str:
        """The customer's seal: a company's name, empty for a person."""
        return "" if self.customer.is_person else self.customer.name

    def entry(self, field: str, *, wide: bool = False) -> Entry:
        """The entry of a key field of the customer under this layout's label."""
        values = {
            "customer_no": self.customer.customer_no,
            "name": self.customer.name,
            "meter_no": self.customer.first_meter,
            "phone": self.customer.first_phone,
            "address": self.customer.address,
            "id_no": self.customer.id_no,
        }
        if field == "id_no" and self.shows_organisation_code:
            code = numbers.organisation_code(self.customer.id_no)
            return Entry(LABELS[self.layout][field], code, wide=wide)
        return Entry(LABELS[self.layout][field], values[field], field, wide)

    @property
    def shows_organisation_code(self) -> bool:
        """Whether it is an organisation's paper of before the credit code."""
        return not (self.customer.is_person or eras.has_begun("credit_code", self.on))

    def who(self, *more: str) -> tuple[Entry, ...]:
        """Entries that say whose paper it is, as far as ``identity`` allows, then ``more``."""
        keys = {
            "customer_no": ("customer_no", "name"),
            "meter_no": ("name", "meter_no"),
            "id_no": ("name", "id_no"),
            "name_address": ("name", "address"),
            "name": ("name",),
        }[self.identity]
        hidden = set(IDENTITIES[:3]) | {"phone", "address"}
        extra = (
            more if self.identity == "customer_no" else tuple(m for m in more if m not in hidden)
        )
        fields = dict.fromkeys((*keys, *extra))
        return tuple(self.entry(f, wide=f in {"address", "meter_no"}) for f in fields)

    def number(self) -> str:
        """The customer number where the paper may show it, else where to look for it."""
        return self.customer.customer_no if self.identity == "customer_no" else "（见登记表）"

    def titled(self, ruled: str, letter: str, boxed: str) -> str:
        """The title that this layout uses."""
        return {"ruled": ruled, "letter": letter, "boxed": boxed}[self.layout]

    def reason(self) -> str:
        """Why somebody applies."""
        return self.pick(*wording.REASONS).format(reason_to_charge=self.then("reason_to_charge"))

    def pick(self, *options: str) -> str:
        """One of the options."""
        return self.rng.choice(options)

    def customer_signs(self, label: str = "客户签名") -> Party:
        """The customer's side of the signatures; a company signs by an agent and seals."""
        signer = self.customer.name if self.customer.is_person else self.agent
        return Party(label, signer, self.on, self.seal)

    def company_signs(self, label: str = "受理人", *, sealed: bool = False) -> Party:
        """The utility's side of the signatures."""
        return Party(label, self.staff, self.on, self.company if sealed else "")

    @property
    def agent(self) -> str:
        """The person who acts for a company, the same on all its papers."""
        chooser = random.Random(self.customer.customer_no)
        return chooser.choice(names.COMMON_SURNAMES) + chooser.choice(names.GIVEN)

    @property
    def agent_id(self) -> str:
        """That person's identity number; of age when the account begins."""
        index = int(self.customer.customer_no[2:]) % 900_000 + 18_000_000
        numbers_after = (numbers.identity_no(index + step) for step in itertools.count())
        return next(one for one in numbers_after if self._is_of_age(one))

    def _is_of_age(self, identity: str) -> bool:
        return eras.adult_on(numbers.birth_of(identity)) <= self.customer.opened
