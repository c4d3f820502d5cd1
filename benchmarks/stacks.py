"""Where stacks are cut, what their papers are and whose: how often right, how often decided alone.

    python -m benchmarks.stacks --stacks 25 --papers 15 --seed 907 --families held_out --noise 0.004
    python -m benchmarks.stacks --hard --stacks 3 --papers 10 --seed 908 --ocr --keep /tmp/read

Invents a register and stacks from a seed. The text is the papers' truth, laid out as the forms are,
with a share of characters misread (``--noise``); ``--ocr`` draws them, damaged, and reads them with
the real engine. Prints cuts (precision, recall, F1; made alone and left to a person), what was said
of missing, swapped and repeated pages, types, and the curve of filing: precision and share decided
by threshold. ``--families held_out`` are layouts, faces and damages that nothing was tuned on.
"""

from __future__ import annotations

import argparse
import os
import pickle
import platform
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.linking import BENCHMARK, FAMILIES, open_archive, page_of
from dossier.plugins.demo.customers import invent_customers, write_customers
from dossier.plugins.demo.stacks import (
    BLANK,
    PAPER,
    InventedStack,
    StackedPaper,
    invent_stacks,
    write_stack,
)
from dossier.records import DocumentText, PageReading
from dossier.rules.document_types import catalogue
from dossier.rules.evidence import Verdict
from dossier.rules.stack_pages import evidence_of
from dossier.rules.stack_rules import stack_rules
from dossier.rules.stacks import Part, Proposal, propose
from dossier.services.customer_import import import_customers
from dossier.services.linking import find_owner

THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.985, 0.99, 0.995, 0.999)


@dataclass(frozen=True)
class Cut:
    """A stack, how it was read and what was proposed."""

    stack: InventedStack
    pages: list[PageReading]
    proposal: Proposal
    seconds: float


@dataclass(frozen=True)
class Filed:
    """A part that was cut rightly: the paper, its type and whose it was taken for."""

    paper: StackedPaper
    type_code: str | None
    verdict: Verdict

    @property
    def owner(self) -> str:
        return self.paper.plan.customer.customer_no if self.paper.plan.known else ""


def readings_of(stack: InventedStack, noise: float) -> list[PageReading]:
    """The stack's text as a reader gives it, with a share of its characters misread."""
    rng = random.Random(stack.papers[0].plan.seed)
    pages = []
    for at, one in enumerate(stack.sheets, 1):
        plan = stack.papers[max(one.paper, 0)].plan
        page = page_of(one.sheet, plan.font, at, rng, noise)
        pages.append(replace(page, blank=one.kind == BLANK))
    return pages


def readings_by_ocr(
    stack: InventedStack, seed: int, engine: Any, renderer: Any
) -> list[PageReading]:
    with tempfile.TemporaryDirectory() as folder:
        file, picture = Path(folder) / "stack.pdf", Path(folder) / "page.png"
        write_stack(stack, file, seed)
        pages = []
        for number in range(1, len(stack.sheets) + 1):
            picture.write_bytes(renderer.render(file, page_number=number, dpi=200))
            pages.append(engine.read(picture, page_number=number))
        return pages


def cut_all(stacks: Sequence[InventedStack], arguments: argparse.Namespace) -> Iterator[Cut]:
    read = reader(arguments)
    for stack in stacks:
        pages = read(stack)
        before = time.process_time()
        proposal = propose(evidence_of(pages, catalogue(), stack_rules()), stack_rules())
        yield Cut(stack, pages, proposal, time.process_time() - before)


def reader(arguments: argparse.Namespace) -> Any:
    if not arguments.ocr:
        return lambda stack: readings_of(stack, arguments.noise)
    from dossier.adapters.pages import PageFiles
    from dossier.adapters.rapidocr import RapidOcrEngine

    engine, renderer = RapidOcrEngine(), PageFiles()
    made = iter(range(arguments.stacks))

    def read(stack: InventedStack) -> list[PageReading]:
        name = (
            f"{arguments.families}-{arguments.seed}-{'hard' * arguments.hard}-{next(made)}.readings"
        )
        kept = arguments.keep / name if arguments.keep else None
        if kept and kept.exists():
            return list(pickle.loads(kept.read_bytes()))
        pages = readings_by_ocr(stack, arguments.seed, engine, renderer)
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(pickle.dumps(pages))
        return pages

    return read


# -- cuts ---------------------------------------------------------------------------------------


def report_cuts(cuts: Sequence[Cut]) -> None:
    print(
        "\n| cuts at | right | wrong | missed | precision | recall | F1 |\n|---|---|---|---|---|---|---|"
    )
    rules = stack_rules()
    for name, least in (("asked or surer", rules.ask), ("made alone", rules.cut)):
        right = wrong = missed = 0
        for cut in cuts:
            first = min(cut.stack.starts)
            truth = cut.stack.starts - {first}
            said = set(cut.proposal.starts(least)) - {first}
            right += len(truth & said)
            wrong += len(said - truth)
            missed += len(truth - said)
        precision, recall = right / max(1, right + wrong), right / max(1, right + missed)
        f1 = 2 * precision * recall / max(1e-9, precision + recall)
        print(
            f"| {name} ({least}) | {right} | {wrong} | {missed} | {precision:.2%} | {recall:.2%} | {f1:.4f} |"
        )
    whole = sum(exact(cut, rules.cut) for cut in cuts)
    papers = sum(len(cut.stack.papers) for cut in cuts)
    pages = sum(len(cut.pages) for cut in cuts)
    took = sum(cut.seconds for cut in cuts)
    print(f"\npapers cut out exactly, alone: {whole} of {papers} ({whole / papers:.2%})")
    print(f"pages {pages}, processor time {1000 * took / pages:.1f} ms a page")


def exact(cut: Cut, least: float) -> int:
    return len(rightly_cut(cut, least))


def rightly_cut(cut: Cut, least: float) -> list[tuple[Part, StackedPaper]]:
    """Parts that hold all pages of one paper and no other, blank ones aside."""
    sheets = cut.stack.sheets
    found = []
    for part in cut.proposal.parts(least):
        owners = {sheets[at - 1].paper for at in part.pages if sheets[at - 1].kind == PAPER}
        if len(owners) != 1:
            continue
        (owner,) = owners
        wanted = {
            at for at, one in enumerate(sheets, 1) if one.kind == PAPER and one.paper == owner
        }
        if wanted <= set(part.pages):
            found.append((part, cut.stack.papers[owner]))
    return found


def report_remarks(cuts: Sequence[Cut]) -> None:
    hits: Counter[str] = Counter()
    for cut in cuts:
        for part, paper in rightly_cut(cut, stack_rules().ask):
            kinds = {one.kind for one in part.remarks}
            if paper.mishap:
                hits[f"{paper.mishap} {'said' if paper.mishap in kinds else 'not said'}"] += 1
            elif kinds:
                hits[f"false {min(kinds)}"] += 1
    print("pages missing, swapped, repeated:", dict(sorted(hits.items())))


def show_wrong(cuts: Sequence[Cut]) -> None:
    rules = stack_rules()
    for cut in cuts:
        for one in cut.proposal.boundaries:
            is_cut = one.before in cut.stack.starts
            if (one.probability >= rules.cut) != is_cut:
                sheet = cut.stack.sheets[one.before - 1]
                plan = cut.stack.papers[sheet.paper].plan
                kind = "MISSED" if is_cut else "WRONG"
                text = cut.pages[one.before - 1].text[:90].replace("\n", " / ").replace("\t", " | ")
                print(
                    f"{kind} {one.probability:.3f} {plan.type_code} {plan.layout} page {sheet.page} {dict(one.reasons)}\n     {text}"
                )


# -- types and filing ---------------------------------------------------------------------------


def file_all(cuts: Sequence[Cut], home: Path, register: Sequence[Any]) -> list[Filed]:
    context = open_archive(home)
    write_customers(home / "customers.csv", register)
    import_customers(context, BENCHMARK, home / "customers.csv", dry_run=False)
    ((_, step),) = context.plugins.steps()
    filed = []
    with context.reading(BENCHMARK) as session:
        for cut in cuts:
            by_number = {page.number: page for page in cut.pages}
            for part, paper in rightly_cut(cut, stack_rules().cut):
                pages = [replace(by_number[n], number=at) for at, n in enumerate(part.pages, 1)]
                document = DocumentText("x", "stack.pdf", "", "application/pdf", pages)
                verdict = find_owner(context, session, document)
                filed.append(Filed(paper, step.run(document).type_code, verdict))
    return filed


def report_filing(filed: Sequence[Filed]) -> None:
    right = sum((one.type_code or "") == one.paper.plan.type_code for one in filed)
    print(f"\ntypes right: {right} of {len(filed)} ({right / max(1, len(filed)):.2%})")
    decidable = [one for one in filed if is_decidable(one)]
    print(f"papers {len(filed)}, of which say enough for one customer {len(decidable)}")
    print(
        "\n| threshold | decided | of all | of decidable | wrong | precision |\n|---|---|---|---|---|---|"
    )
    for least in THRESHOLDS:
        said = [one for one in filed if one.verdict.decided and one.verdict.confidence >= least]
        wrong = [one for one in said if one.verdict.decided != one.owner]
        share = sum(is_decidable(one) for one in said) / max(1, len(decidable))
        print(
            f"| {least} | {len(said)} | {len(said) / max(1, len(filed)):.1%} | {share:.1%} | {len(wrong)} | {1 - len(wrong) / max(1, len(said)):.2%} |"
        )
    reasons = Counter(r for one in filed if not one.verdict.decided for r in one.verdict.reasons)
    print("undecided because:", dict(reasons.most_common()))


def is_decidable(one: Filed) -> bool:
    """Whether the paper says enough: known to the register, and not only by a shared name."""
    plan = one.paper.plan
    if not plan.known or not one.paper.says_whose:
        return False
    if not plan.type_code or plan.route == "barcode":
        return True
    return {"name": plan.unique_name, "id_no": plan.unique_id}.get(plan.identity, True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=2_000)
    parser.add_argument("--stacks", type=int, default=20)
    parser.add_argument("--papers", type=int, default=20, help="of each stack")
    parser.add_argument("--seed", type=int, default=907)
    parser.add_argument("--families", choices=FAMILIES, default="default")
    parser.add_argument("--hard", action="store_true", help="papers as they come from many hands")
    parser.add_argument("--keep", type=Path, help="keep readings of --ocr in this folder")
    parser.add_argument("--noise", type=float, default=0.0, help="share of characters misread")
    parser.add_argument("--ocr", action="store_true", help="draw, damage and read with the engine")
    parser.add_argument("--wrong", action="store_true", help="show boundaries decided wrongly")
    arguments = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    register = list(invent_customers(arguments.seed, arguments.customers))
    stacks = invent_stacks(
        register,
        arguments.seed,
        stacks=arguments.stacks,
        papers=arguments.papers,
        families=FAMILIES[arguments.families],
        hard=arguments.hard,
    )
    print(
        f"{len(stacks)} stacks, {sum(len(s.papers) for s in stacks)} papers, families {arguments.families}, "
        f"noise {arguments.noise}, seed {arguments.seed}, {'OCR' if arguments.ocr else 'text'}"
    )
    cuts = list(cut_all(stacks, arguments))
    if arguments.wrong:
        show_wrong(cuts)
    report_cuts(cuts)
    report_remarks(cuts)
    with tempfile.TemporaryDirectory() as home:
        report_filing(file_all(cuts, Path(home), register))


if __name__ == "__main__":
    main()
