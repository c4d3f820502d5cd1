"""Whose paper is it: how often decided alone, how often right, and what it costs.

    python -m benchmarks.linking --customers 100000 --papers 3000 --families held_out --noise 0.005

Invents a register and papers from a seed, imports the register, and asks the linker about every
paper. The text is the papers' truth, laid out as the forms are, with a share of characters misread
(``--noise``); ``--ocr N`` draws and reads N of them with the real engine instead. Prints precision
and share decided by how the paper can be linked, types, dates and key fields recognised, and
milliseconds a paper. ``--wrong`` names the papers that were decided wrongly.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any, cast

from dossier.clock import SystemClock
from dossier.db.engines import create_database
from dossier.db.tables import Table
from dossier.plugins import recognition
from dossier.plugins.demo import families as family_names
from dossier.plugins.demo import fonts
from dossier.plugins.demo.arrange import arrange
from dossier.plugins.demo.content import Content, lines_of
from dossier.plugins.demo.customers import invent_customers, write_customers
from dossier.plugins.demo.make import compose, make
from dossier.plugins.demo.plan import PaperPlan, Planner
from dossier.plugins.demo.sheet import CodeLabel, Sheet, Text
from dossier.records import Barcode, DocumentText, PageReading, WordBox
from dossier.rules.evidence import Verdict
from dossier.services.context import Context
from dossier.services.customer_import import import_customers
from dossier.services.keys import Keyring
from dossier.services.linking import find_owner
from dossier.services.plugin_registry import PluginRegistry
from dossier.settings import Settings
from dossier.viewer import system_viewer

FAMILIES = {
    "default": None,
    "all": family_names.ALL,
    "held_out": family_names.HELD_OUT,
}
BENCHMARK = system_viewer("benchmark")
PIXELS_PER_POINT = 200 / 72
OFFICE = frozenset({"docx", "xlsx", "eml"})
CONFUSIONS = {"0": "8O6", "1": "7l", "2": "7", "3": "8", "5": "6S", "6": "8", "8": "3B", "9": "g4"}
SIMILAR = "田由甲申己已巳人入天夫大太未末土士日曰目自白百"


@dataclass(frozen=True)
class Asked:
    """One paper and what became of it."""

    plan: PaperPlan
    content: Content
    document: DocumentText
    verdict: Verdict
    milliseconds: float

    @property
    def owner(self) -> str:
        return self.plan.customer.customer_no if self.plan.known else ""

    @property
    def how(self) -> str:
        return self.plan.route if self.plan.route != "content" else self.plan.identity

    @property
    def is_decided(self) -> bool:
        return self.verdict.decided is not None

    @property
    def is_right(self) -> bool:
        return self.verdict.decided == self.owner

    @property
    def has_candidate(self) -> bool:
        return self.owner in {one.customer_no for one in self.verdict.candidates}


def open_archive(home: Path) -> Context:
    """An archive without search and readers."""
    settings = Settings(home=home)
    database = create_database(settings.sqlalchemy_url)
    Table.metadata.create_all(database.writer)
    return Context(
        settings=settings,
        clock=SystemClock(),
        database=database,
        store=cast(Any, None),
        index=cast(Any, None),
        keyring=Keyring(bytes(32)),
        plugins=PluginRegistry([("recognition", recognition)]),
        readers=cast(Any, None),
    )


# -- papers as text -----------------------------------------------------------------------------


def text_of(plan: PaperPlan, noise: float) -> tuple[Content, DocumentText]:
    """The paper's text as a reader gives it, with a share of its characters misread."""
    rng = random.Random(plan.seed)
    content = compose(plan, rng)
    if plan.format in OFFICE:
        pages = [PageReading(1, "\n".join(lines_of(content)))]
    else:
        sheets = arrange(content, plan.layout, plan.font, plan.filled)
        pages = [page_of(sheet, plan.font, at, rng, noise) for at, sheet in enumerate(sheets, 1)]
    if plan.format == "jpeg":
        pages = pages[:1]
    return content, document_of(plan, pages)


def document_of(plan: PaperPlan, pages: list[PageReading]) -> DocumentText:
    path = Path(plan.path).relative_to("papers")
    folder = "" if str(path.parent) == "." else str(path.parent)
    return DocumentText(
        document_id=str(plan.number),
        file_name=path.name,
        folder=folder,
        media_type="",
        pages=pages,
    )


def page_of(
    sheet: Sheet, family: str, number: int, rng: random.Random, noise: float
) -> PageReading:
    rows: dict[int, list[Text]] = defaultdict(list)
    for mark in sheet.marks:
        if isinstance(mark, Text):
            rows[mark.row].append(mark)
    text, words = "", []
    for row in rows.values():
        text += "\n" if text else ""
        for at, mark in enumerate(row):
            text += "\t" if at else ""
            read = misread(mark.text, rng, noise)
            words.append(word_box(mark, family, len(text), read))
            text += read
    codes = tuple(
        Barcode(mark.text, mark.kind, (0, 0, 0, 0))
        for mark in sheet.marks
        if isinstance(mark, CodeLabel)
    )
    return PageReading(
        number=number,
        text=text,
        words=tuple(words),
        width=round(sheet.width * PIXELS_PER_POINT),
        height=round(sheet.height * PIXELS_PER_POINT),
        confidence=0.97,
        barcodes=codes,
    )


def word_box(mark: Text, family: str, start: int, read: str) -> WordBox:
    width = fonts.width(family, mark.size, mark.text)
    corners = (mark.x, mark.y, mark.x + width, mark.y + mark.size)
    box = tuple(side * PIXELS_PER_POINT for side in corners)
    return WordBox(start, start + len(read), cast(Any, box), 0.97)


def misread(text: str, rng: random.Random, noise: float) -> str:
    if noise <= 0:
        return text
    return "".join(wrong(c, rng) if rng.random() < noise else c for c in text)


def wrong(character: str, rng: random.Random) -> str:
    if character in CONFUSIONS:
        return rng.choice(CONFUSIONS[character])
    if character.isdigit():
        return str(rng.randrange(10))
    if "\u4e00" <= character <= "\u9fff":
        return rng.choice(SIMILAR)
    return rng.choice(["", character])


def read_by_ocr(plan: PaperPlan, engine: Any, renderer: Any, folder: Path) -> DocumentText:
    """The paper drawn, damaged and read by the real engine."""
    target = folder / f"paper.{plan.path.rsplit('.', 1)[1]}"
    made = make(plan)
    target.write_bytes(made.data)
    pages = []
    for page in made.truth.pages:
        picture = folder / "page.png"
        picture.write_bytes(renderer.render(target, page_number=page.number, dpi=200))
        pages.append(engine.read(picture, page_number=page.number))
    return document_of(plan, pages)


# -- asking -------------------------------------------------------------------------------------


def ask(context: Context, plans: list[PaperPlan], arguments: argparse.Namespace) -> Iterator[Asked]:
    reader = ocr_reader() if arguments.ocr else None
    with context.reading(BENCHMARK) as session:
        for plan in plans:
            content, document = text_of(plan, arguments.noise)
            if reader:
                document = reader(plan)
            before = time.perf_counter()
            verdict = find_owner(context, session, document)
            took = (time.perf_counter() - before) * 1000
            yield Asked(plan, content, document, verdict, took)


def ocr_reader() -> Any:
    from dossier.adapters.pages import PageFiles
    from dossier.adapters.rapidocr import RapidOcrEngine

    engine, renderer = RapidOcrEngine(), PageFiles()
    folder = Path(tempfile.mkdtemp())
    return lambda plan: read_by_ocr(plan, engine, renderer, folder)


def report(asked: list[Asked], *, wrong_ones: bool) -> None:
    groups: dict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        groups[one.how if one.owner else "stranger"].append(one)
    print("\n| how it can be linked | papers | decided | right | wrong | precision | candidate |")
    print("|---|---|---|---|---|---|---|")
    for name, group in [*sorted(groups.items()), ("all", asked)]:
        line(name, group)
    took = [one.milliseconds for one in asked]
    print(
        f"\nms a paper: median {median(took):.1f}, p95 {quantiles(took, n=20)[-1]:.1f}, max {max(took):.1f}"
    )
    print(
        "undecided because:",
        dict(
            Counter(
                r for one in asked if not one.is_decided for r in one.verdict.reasons
            ).most_common()
        ),
    )
    if wrong_ones:
        for one in asked:
            if one.is_decided and not one.is_right:
                show(one)


def line(name: str, group: list[Asked]) -> None:
    decided = [one for one in group if one.is_decided]
    right = sum(one.is_right for one in decided)
    precision = f"{right / len(decided):.2%}" if decided else "—"
    found = sum(one.is_decided or one.has_candidate for one in group)
    print(
        f"| {name} | {len(group)} | {len(decided) / len(group):.1%} | {right} | {len(decided) - right} | {precision} | {found / len(group):.1%} |"
    )


def show(one: Asked) -> None:
    print(f"\nwrong: {one.plan.path} {one.plan.type_code} {one.how} owner {one.owner or 'nobody'}")
    for candidate in one.verdict.candidates[:3]:
        print("  ", candidate.customer_no, f"{candidate.score:.1f}", dict(candidate.parts))
    print("  ", one.document.pages[0].text[:600].replace("\n", " / "))


def report_recognition(context: Context, asked: list[Asked]) -> None:
    ((_, step),) = context.plugins.steps()
    hits: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    took = []
    for one in asked:
        before = time.perf_counter()
        found = step.run(one.document)
        took.append((time.perf_counter() - before) * 1000)
        totals["type"] += 1
        hits["type"] += found.type_code == one.plan.type_code
        hits["type wrong"] += found.type_code not in (None, one.plan.type_code)
        if found.type_code != one.plan.type_code:
            missed[
                f"{one.plan.type_code} {one.content.title} → {found.type_code} {found.title}"
            ] += 1
        values = defaultdict(set)
        for field in found.fields:
            values[field.name].add(field.value)
        wanted = one.content.fields()
        if "date" in wanted:
            wanted["doc_date"] = one.content.on.isoformat()
        for name in (
            "customer_no",
            "meter_no",
            "name",
            "id_no",
            "phone",
            "address",
            "case_no",
            "contract_no",
            "doc_date",
        ):
            if name in wanted:
                totals[name] += 1
                hits[name] += wanted[name] in values[name]
    print("\n| recognised | share | of |\n|---|---|---|")
    for name, total in totals.items():
        print(f"| {name} | {hits[name] / total:.1%} | {total} |")
    print(f"| type set but wrong | {hits['type wrong'] / totals['type']:.1%} | {totals['type']} |")
    print(f"\nms a paper: median {median(took):.1f}")
    for what, number in missed.most_common(12):
        print("  missed type:", what, number)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--papers", type=int, default=1_500)
    parser.add_argument("--seed", type=int, default=41)
    parser.add_argument("--families", choices=FAMILIES, default="default")
    parser.add_argument("--noise", type=float, default=0.0, help="share of characters misread")
    parser.add_argument(
        "--dense",
        action="store_true",
        help="number customers one after the other, so that a misread digit names a neighbour",
    )
    parser.add_argument("--ocr", type=int, default=0, help="read so many papers with the engine")
    parser.add_argument("--home", type=Path, help="keep the register here and use it again")
    parser.add_argument("--wrong", action="store_true", help="show papers decided wrongly")
    arguments = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    home = arguments.home or Path(tempfile.mkdtemp())
    register = list(invent_customers(arguments.seed, arguments.customers))
    if arguments.dense:
        register = [replace(c, customer_no=f"42{at:08d}") for at, c in enumerate(register)]
    context = open_archive(home)
    file = home / "customers.csv"
    if not file.exists():
        write_customers(file, register)
        result = import_customers(context, BENCHMARK, file, dry_run=False)
        print(f"imported {result.created}, rejected {result.rejected}")
    planner = Planner(register, arguments.seed, FAMILIES[arguments.families])
    plans = planner.plans(arguments.papers)
    if arguments.ocr:
        plans = random.Random(arguments.seed).sample([p for p in plans if p.damage], arguments.ocr)
    print(
        f"{len(register)} customers, {len(plans)} papers, families {arguments.families}, noise {arguments.noise}, seed {arguments.seed}"
    )
    asked = list(ask(context, plans, arguments))
    report(asked, wrong_ones=arguments.wrong)
    report_recognition(context, asked)


if __name__ == "__main__":
    main()
