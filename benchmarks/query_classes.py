"""What people type into the one box, by class (domain.md 4.2 to 4.6), invented from a seed.

Each class is asked and measured by itself; ``SHARES`` mixes some of them as an agent does all day.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence

from dossier.plugins.demo.catalogue import TYPES
from dossier.plugins.demo.customers import CITY, InventedCustomer
from dossier.rules.pinyin import readings, surname_readings

Ask = Callable[[random.Random, InventedCustomer], str]

WORDS = [
    "供用电合同",
    "违约用电",
    "计量装置",
    "产权分界点",
    "电费结算",
    "银行代扣",
    "停电通知",
    "变更用电",
    "竣工检验",
    "客户承诺",
    "协议有效期",
    "法定代表人",
]
MISREAD_AS = "间问曰目白巳己士未末人入于千"
"""Characters that a reader makes of others; put in the place of one of a word."""
_BUILDING = re.compile(r"[0-9].*")


def _numbers_end(rng: random.Random, one: InventedCustomer) -> str:
    return rng.choice((one.customer_no[-4:], one.first_meter[-6:], one.customer_no[-6:]))


def _syllables(one: InventedCustomer) -> list[str]:
    """The first reading of each character; a person's surname by its own table."""
    spelled = [readings(each)[0] if readings(each) else "" for each in one.name if each.isalpha()]
    if one.is_person and (own := surname_readings(one.name[0])):
        spelled[0] = own[0]
    return [each for each in spelled if each]


def _pinyin(_: random.Random, one: InventedCustomer) -> str:
    return "".join(_syllables(one)[:4])


def _initials(_: random.Random, one: InventedCustomer) -> str:
    return "".join(each[0] for each in _syllables(one)[:4])


def _mixed(_: random.Random, one: InventedCustomer) -> str:
    return one.name[0] + "".join(each[0] for each in _syllables(one)[1:4])


def _address(_: random.Random, one: InventedCustomer) -> str:
    """As far as street, estate or village: the rest is masked for an agent and finds nothing."""
    return _BUILDING.sub("", one.address.removeprefix(CITY))


def _type_name(rng: random.Random, _: InventedCustomer) -> str:
    return rng.choice([each.label for each in TYPES.values()])


def _word(rng: random.Random, _: InventedCustomer) -> str:
    return rng.choice(WORDS)


def _misread(rng: random.Random, _: InventedCustomer) -> str:
    """A word of every form with one inner character that is another."""
    word = rng.choice(WORDS)
    at = rng.randrange(1, len(word) - 1)
    return word[:at] + rng.choice(MISREAD_AS) + word[at + 1 :]


def _in_field(rng: random.Random, one: InventedCustomer) -> str:
    return rng.choice(
        (
            f"户号:{one.customer_no}",
            f"姓名:{one.name}",
            f"电话:{one.first_phone}",
            f"供电所:{one.unit}",
            f"类型:{rng.choice(list(TYPES))}",
            f"年度:{rng.randint(2010, 2025)}",
            f"正文:{rng.choice(WORDS)}",
        )
    )


def _nothing(rng: random.Random, one: InventedCustomer) -> str:
    """A number that nobody has, or a name and a word that never go together."""
    return rng.choice((f"99{rng.randrange(10**8):08}", f"{one.name} 龘靐{rng.choice(WORDS)}"))


CLASSES: Mapping[str, Ask] = {
    "customer number": lambda _, one: one.customer_no,
    "meter number": lambda _, one: one.first_meter,
    "last digits": _numbers_end,
    "phone": lambda _, one: one.first_phone,
    "name": lambda _, one: one.name,
    "one character": lambda _, one: one.name[0],
    "pinyin": _pinyin,
    "initials": _initials,
    "mixed 张s": _mixed,
    "address": _address,
    "type": _type_name,
    "name and type": lambda rng, one: f"{one.name} {_type_name(rng, one)}",
    "word": _word,
    "name and word": lambda rng, one: f"{one.name} {_word(rng, one)}",
    "phrase in quotes": lambda rng, one: f'"{_word(rng, one)}"',
    "one misread character": _misread,
    "field:value": _in_field,
    "nothing found": _nothing,
}
"""How a question of each class is made from a customer."""

SHARES = {
    "customer number": 25,
    "name": 20,
    "meter number": 8,
    "last digits": 5,
    "phone": 7,
    "word": 20,
    "name and word": 10,
    "one character": 5,
}
"""What an agent types all day, of a hundred questions."""


def questions(seed: int, people: Sequence[InventedCustomer], count: int) -> list[str]:
    """Questions of the mixture, each about somebody."""
    rng = random.Random(seed)
    kinds = rng.choices(list(SHARES), list(SHARES.values()), k=count)
    return [CLASSES[kind](rng, rng.choice(people)) for kind in kinds]


def of_class(name: str, seed: int, people: Sequence[InventedCustomer], count: int) -> list[str]:
    """Questions of one class, each about somebody."""
    rng = random.Random(f"{seed} {name}")
    return [CLASSES[name](rng, rng.choice(people)) for _ in range(count)]
