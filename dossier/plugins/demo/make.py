"""Makes one planned file: bytes and truth. Runs in a worker process."""

# ruff: noqa: S311 - a repeatable generator is wanted, nothing here is a secret

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dossier.plugins.demo import digital_ofd, digital_office, digital_pdf, names, numbers, scans
from dossier.plugins.demo.arrange import arrange
from dossier.plugins.demo.catalogue import TYPES
from dossier.plugins.demo.content import Content
from dossier.plugins.demo.damage import Damage, draw_damage, sibling
from dossier.plugins.demo.facts import Facts
from dossier.plugins.demo.flow import Style, draw_style
from dossier.plugins.demo.plan import PaperPlan
from dossier.plugins.demo.render import RenderedPage, render
from dossier.plugins.demo.sheet import Sheet
from dossier.plugins.demo.truth import TruthFile, TruthPage, fields_of, upright

_DENSER = 0.95
_NUMBERS = ("customer_no", "meter_no", "id_no")


@dataclass(frozen=True, slots=True)
class MadePaper:
    """A file's bytes and truth."""

    data: bytes
    truth: TruthFile


@dataclass(frozen=True, slots=True)
class _Made:
    data: bytes
    pages: tuple[TruthPage, ...]
    exif_orientation: int = 1
    attached: tuple[TruthPage, ...] = ()


def make(plan: PaperPlan) -> MadePaper:
    """Makes the planned file; the same plan gives the same bytes."""
    rng = random.Random(plan.seed)
    content = compose(plan, rng)
    made = _MAKERS[plan.format](plan, content, rng)
    return MadePaper(made.data, _truth(plan, content, made))


def make_into(folder: Path, plan: PaperPlan) -> TruthFile:
    """Makes the file and writes it below ``folder``; it appears whole or not at all."""
    made = make(plan)
    target = folder / plan.path
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    part.write_bytes(made.data)
    part.replace(target)
    return made.truth


def compose(plan: PaperPlan, rng: random.Random) -> Content:
    """What the planned paper says."""
    kind = TYPES[plan.type_code]
    facts = Facts(
        plan.customer, plan.layout, plan.on, numbers.case_no(plan.on, plan.seed % 97, plan.number),
        rng.choice(names.STAFF), plan.identity, rng,
    )  # fmt: skip
    content = kind.build(facts)
    return replace(content, code=plan.customer.customer_no) if plan.route == "barcode" else content


def render_all(
    plan: PaperPlan, sheets: Sequence[Sheet], rng: random.Random
) -> tuple[list[RenderedPage], Damage]:
    """Damaged pictures of all sheets, as one run of the scanner made them."""
    damage = draw_damage(plan.damage, rng)
    rendered = []
    for number, sheet in enumerate(sheets, 1):
        used = damage if number == 1 else sibling(damage, rng)
        rendered.append(render(sheet, plan.font, used, plan.seed * 64 + number, number))
    return rendered, damage


def lay_out(plan: PaperPlan, content: Content) -> list[Sheet]:
    """The paper's sheets in the style of its own print run."""
    return _arranged(plan, content, _style(plan))


def _style(plan: PaperPlan) -> Style:
    return draw_style(random.Random(plan.seed + 1))


def _arranged(plan: PaperPlan, content: Content, style: Style) -> list[Sheet]:
    return arrange(content, plan.layout, plan.font, plan.filled, style)


def sheets_of(plan: PaperPlan, content: Content) -> list[Sheet]:
    """The sheets that a scanned file shows: all, a blank back too, or the one of a photograph."""
    if plan.format == "jpeg":
        return _on_one_sheet(plan, content)
    sheets = lay_out(plan, content)
    if plan.blank_back:
        sheets.append(Sheet(sheets[0].width, sheets[0].height))
    return sheets


def _on_one_sheet(plan: PaperPlan, content: Content) -> list[Sheet]:
    """A photograph shows a whole paper: the print run was so dense that it took one page."""
    style = _style(plan)
    while len(sheets := _arranged(plan, content, style)) > 1:
        style = replace(style, scale=style.scale * _DENSER, air=style.air * _DENSER)
    return sheets


def _image_pdf(plan: PaperPlan, content: Content, rng: random.Random) -> _Made:
    """Pictures as pages; half of the turned ones carry the rotation that shows them upright."""
    pages, damage = render_all(plan, sheets_of(plan, content), rng)
    turned = bool(damage.turn) and rng.random() < 0.5
    data = scans.image_pdf(pages, damage.quality, turned=turned)
    truths = (_shown_upright(page.truth) if turned else page.truth for page in pages)
    return _Made(data, tuple(truths))


def _tiff(plan: PaperPlan, content: Content, rng: random.Random) -> _Made:
    pages, damage = render_all(plan, sheets_of(plan, content), rng)
    return _Made(scans.tiff(pages, damage.quality), tuple(page.truth for page in pages))


def _jpeg(plan: PaperPlan, content: Content, rng: random.Random) -> _Made:
    """One picture; half of the turned photographs carry the tag that shows them upright."""
    pages, damage = render_all(plan, sheets_of(plan, content), rng)
    page, tagged = pages[0], damage.desk and rng.random() < 0.5
    data = scans.jpeg(page, damage.quality, tagged=tagged)
    if not tagged:
        return _Made(data, (page.truth,))
    return _Made(data, (_shown_upright(page.truth),), scans.exif_orientation(page))


def _shown_upright(page: TruthPage) -> TruthPage:
    """The truth of the picture as a viewer that obeys its rotation shows it."""
    width, height, turn = page.width, page.height, page.rotation
    lines = tuple(
        replace(line, quad=upright(line.quad, width, height, turn)) if line.quad else line
        for line in page.lines
    )
    seals, codes, signatures = (
        tuple(replace(m, quad=upright(m.quad, width, height, turn)) for m in group)
        for group in (page.seals, page.codes, page.signatures)
    )
    places = tuple(replace(p, quad=upright(p.quad, width, height, turn)) for p in page.places)
    width, height = (height, width) if turn in {90, 270} else (width, height)
    return replace(
        page, width=width, height=height, rotation=0, lines=lines, seals=seals, codes=codes,
        signatures=signatures, places=places,
    )  # fmt: skip


def _mixed_pdf(plan: PaperPlan, content: Content, rng: random.Random) -> _Made:
    """Typed pages and a scanned one: the signed last page, or a copy of the identity paper."""
    sheets = lay_out(plan, content)
    if len(sheets) > 1:
        typed, signed = sheets[:-1], sheets[-1:]
    else:
        code = "A02" if plan.customer.is_person else "A03"
        copy = compose(replace(plan, type_code=code, identity="id_no", route="content"), rng)
        typed, signed = sheets, arrange(copy, plan.layout, plan.font)[:1]
    (page,), damage = render_all(plan, signed, rng)
    picture = scans.jpeg(page, damage.quality)
    data, pages = digital_pdf.pdf(typed, plan.font, plan.on, content.title, [picture])
    shown = replace(page.truth, number=len(pages) + 1)
    return _Made(data, (*pages, shown))


def _pdf(plan: PaperPlan, content: Content, _: random.Random) -> _Made:
    sheets = lay_out(plan, content)
    return _Made(*digital_pdf.pdf(sheets, plan.font, plan.on, content.title))


def _ofd(plan: PaperPlan, content: Content, _: random.Random) -> _Made:
    sheets = lay_out(plan, content)
    return _Made(*digital_ofd.ofd(sheets, plan.font, plan.on, content.title))


def _docx(plan: PaperPlan, content: Content, _: random.Random) -> _Made:
    data, page = digital_office.docx_file(content, plan.layout)
    return _Made(data, (page,))


def _xlsx(_: PaperPlan, content: Content, __: random.Random) -> _Made:
    data, page = digital_office.xlsx_file(content)
    return _Made(data, (page,))


def _eml(plan: PaperPlan, content: Content, rng: random.Random) -> _Made:
    attached = _pdf(plan, content, rng)
    name = f"{TYPES[plan.type_code].label}.pdf"
    data, page = digital_office.eml_file(
        content, plan.customer.name, (name, attached.data), plan.number
    )
    return _Made(data, (page,), attached=attached.pages)


_MAKERS: dict[str, Callable[[PaperPlan, Content, random.Random], _Made]] = {
    "image-pdf": _image_pdf,
    "tiff": _tiff,
    "jpeg": _jpeg,
    "mixed-pdf": _mixed_pdf,
    "pdf": _pdf,
    "ofd": _ofd,
    "docx": _docx,
    "xlsx": _xlsx,
    "eml": _eml,
}


def _truth(plan: PaperPlan, content: Content, made: _Made) -> TruthFile:
    values = content.fields()
    if plan.route == "barcode":
        links = ["barcode"]
    else:
        links = [plan.route] if plan.route != "content" else []
    links += [name for name in _NUMBERS if name in values]
    if {"name", "address"} <= values.keys():
        links.append("name_address")
    elif not links:
        links.append("name")
    weak = {"name": plan.unique_name, "id_no": plan.unique_id}
    decidable = plan.known and any(weak.get(link, True) for link in links)
    return TruthFile(
        path=plan.path, format=plan.format, type_code=plan.type_code, title=content.title,
        customer_no=plan.customer.customer_no if plan.known else "", links=tuple(links),
        decidable=decidable, layout=plan.layout, font=plan.font, damage=plan.damage,
        pages=made.pages, fields=tuple(fields_of(made.pages, values)),
        duplicate_of=plan.duplicate_of, exif_orientation=made.exif_orientation,
        attached=made.attached,
    )  # fmt: skip
