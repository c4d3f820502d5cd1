"""How much of noisy OCR text is found again by phrases of four to eight characters, and its cost.

    python benchmarks/noisy_recall.py --papers 4000 --queries 150

Invented papers are indexed (embedded engine) with a share of their Han characters replaced by other
ones of the same papers. Half of each paper is wording that stands on many papers, half is words in an
order of its own (a walk along the pairs of characters of that wording). Each query is a piece of a paper's true text; asked as a word it should find
that paper (and every other that truly holds it), whatever the reader made of it. The same piece in
quotation marks takes no misreading: the baseline of recall and of time, in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import re
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from dossier.adapters.tantivy import TantivyIndex
from dossier.plugins.demo.customers import invent_customers
from dossier.plugins.demo.texts import invent_texts
from dossier.rules.normal_form import HAN
from dossier.search.compile import FEW_GROUPS
from dossier.search.fields import load_fields
from dossier.search.parser import parse
from dossier.search.port import DocumentRow, Scope, SearchRight, document_order, scoped

LENGTHS = range(4, 9)
NOISE = (0.0, 0.01, 0.03)
EVERY = frozenset(SearchRight)
PAGE = 100
_SAMPLE = 300
"""Papers from which pairs of characters are taken."""
_RUN = re.compile(f"[{HAN}]+")
_SPACES = re.compile(r"[ \n·]+")


@dataclass
class Tally:
    """What was counted for phrases of one length."""

    asked: int = 0
    found: int = 0
    """Queries whose own paper was found; ``exactly``: in quotation marks."""
    exactly: int = 0
    true: int = 0
    true_found: int = 0
    given: int = 0
    """Papers that hold the phrase in truth; of them found; papers given in all."""
    times: list[float] = field(default_factory=list)
    exact_times: list[float] = field(default_factory=list)


def misread(text: str, rng: random.Random, share: float, alphabet: list[str]) -> str:
    """The text as a reader gives it that takes a share of the Han for others."""
    return _RUN.sub(
        lambda run: "".join(
            rng.choice(alphabet) if rng.random() < share else character for character in run[0]
        ),
        text,
    )


def own_words(text: str, rng: random.Random, follows: dict[str, str], length: int) -> str:
    """The first part of a text, and as much again in an order that no other paper has."""
    walk = [rng.choice(text)]
    while len(walk) < length:
        walk.append(rng.choice(follows.get(walk[-1]) or text))
    return text[:length] + "\n" + "".join(walk)


def followers(texts: list[str]) -> dict[str, str]:
    """For each character those that come behind it, as often as they do."""
    found: dict[str, list[str]] = defaultdict(list)
    for text in texts[:_SAMPLE]:
        for one, other in pairwise(text):
            found[one].append(other)
    return {one: "".join(others) for one, others in found.items()}


def build(folder: Path, texts: list[str]) -> TantivyIndex:
    """An index of papers of nobody: each is a hit of its own."""
    index = TantivyIndex(folder, fields=load_fields(), number_hash=str)
    with index.build() as builder:
        builder.apply(
            upserts=[
                DocumentRow(str(number), 1, document_order(20260101, number), page_texts=(text,))
                for number, text in enumerate(texts)
            ]
        )
        builder.publish()
    return index


def ask(index: TantivyIndex, text: str) -> tuple[set[str], float]:
    """All papers that a query gives, and the milliseconds to its first page."""
    query = scoped(parse(text), scope=Scope(unlimited=True), rights=EVERY)
    started = time.perf_counter()
    answer = index.search(query, size=20, documents_per_group=1)
    took = (time.perf_counter() - started) * 1000
    found: set[str] = set()
    after = None
    while True:
        answer = index.search(query, size=PAGE, documents_per_group=1, after=after)
        found.update(hit.document_id for group in answer.groups for hit in group.documents)
        after = answer.cursor
        if after is None:
            return found, took


def pieces(
    texts: list[str], rng: random.Random, length: int, count: int
) -> Iterator[tuple[int, str]]:
    """Papers and pieces of their true text, of Han alone."""
    while count:
        number = rng.randrange(len(texts))
        runs = [run for run in _RUN.findall(texts[number]) if len(run) >= length]
        if runs:
            run = rng.choice(runs)
            at = rng.randrange(len(run) - length + 1)
            count -= 1
            yield number, run[at : at + length]


def measure(
    index: TantivyIndex, plain: list[str], length: int, args: argparse.Namespace
) -> tuple[Tally, Tally]:
    """Ask for pieces of one length, the same ones at every share of wrong characters.

    Returns:
        Those with few exact answers, which are looked for with a misread character too, and the
        others (:data:`FEW_GROUPS`).
    """
    few, many = Tally(), Tally()
    rng = random.Random(f"{args.seed} {length}")
    for number, piece in pieces(plain, rng, length, args.queries):
        true = {str(at) for at, text in enumerate(plain) if piece in text}
        quoted, exact_took = ask(index, f'"{piece}"')
        found, took = ask(index, piece)
        tally = few if len(quoted) < FEW_GROUPS else many
        tally.asked += 1
        tally.found += str(number) in found
        tally.exactly += str(number) in quoted
        tally.true += len(true)
        tally.true_found += len(true & found)
        tally.given += len(found)
        tally.times.append(took)
        tally.exact_times.append(exact_took)
    return few, many


def percentile(values: list[float], share: float) -> float:
    """The value that this share does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def share(part: int, whole: int) -> str:
    """A percentage."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def line(name: str, tallies: list[Tally]) -> str:
    """One line of the table."""
    asked, found, exactly, true, true_found, given = (
        sum(getattr(tally, column) for tally in tallies)
        for column in ("asked", "found", "exactly", "true", "true_found", "given")
    )
    times = [each for tally in tallies for each in tally.times]
    exact = [each for tally in tallies for each in tally.exact_times]
    if not times:
        return f"| {name} | 0 |" + " |" * 7
    cells = [
        name, str(asked), share(exactly, asked), share(found, asked), share(true_found, true),
        share(true_found, given),
        f"{statistics.median(exact):.1f} / {percentile(exact, 0.95):.1f}",
        f"{statistics.median(times):.1f} / {percentile(times, 0.95):.1f}",
        f"{statistics.median(times) / statistics.median(exact):.1f}",
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


HEAD = (
    "| wrong, length | asked | found in quotes | found as a word | all that hold it | precision "
    "| quotes ms p50 / p95 | word ms p50 / p95 | ratio |\n" + "|---" * 9 + "|"
)


def main() -> None:
    """Build one index for each share of wrong characters and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=2000)
    parser.add_argument("--characters", type=int, default=800, help="of each paper, about")
    parser.add_argument("--queries", type=int, default=150, help="of each length")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    people = list(invent_customers(args.seed, max(1, args.papers // 4)))
    made = invent_texts(args.seed, args.papers, people, args.characters)
    texts = [_SPACES.sub(lambda gap: gap[0][:1], each.text) for each in made]
    rng, follows = random.Random(args.seed), followers(texts)
    texts = [own_words(text, rng, follows, args.characters // 2) for text in texts]
    alphabet = sorted(
        {character for text in texts for run in _RUN.findall(text) for character in run}
    )
    load = os.getloadavg()[0]
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f}"
    print(json.dumps({**vars(args), "characters_in_all": sum(map(len, texts)), "machine": machine}))
    print(HEAD)
    plain = [_SPACES.sub("", text) for text in texts]
    for noise in NOISE:
        rng = random.Random(f"{args.seed} {noise}")
        read = [misread(text, rng, noise, alphabet) for text in texts]
        with tempfile.TemporaryDirectory() as folder:
            index = build(Path(folder) / "index", read)
            tallies = []
            for length in LENGTHS:
                tallies.append(measure(index, plain, length, args))
                print(line(f"{noise:.0%}, {length}", list(tallies[-1])), flush=True)
            few, many = map(list, zip(*tallies, strict=True))
            print(line(f"{noise:.0%}, few exact answers", few))
            print(line(f"{noise:.0%}, {FEW_GROUPS} exact answers and more", many))
            print(line(f"**{noise:.0%}, all**", few + many), flush=True)
            index.close()


if __name__ == "__main__":
    main()
