"""A whole invented archive: repeatable, complete, and readable by the formats' own readers."""

import email
import email.policy
import hashlib
import io

import docx
import numpy as np
import ofdkit
import pikepdf
import pypdfium2 as pdfium
import pytest
import python_calamine
import zxingcpp
from PIL import Image, ImageOps

from dossier.plugins.demo import families
from dossier.plugins.demo.archive import invent, read_truth
from dossier.plugins.demo.customers import invent_customers
from dossier.plugins.demo.plan import DIGITAL, Planner
from dossier.plugins.demo.truth import upright


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return invent(tmp_path_factory.mktemp("archive"), seed=11, customers=30, papers=70, workers=1)


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def squeezed(text):
    return "".join(text.split()).replace("　", "")


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_whatever_the_number_of_workers(tmp_path):
    invent(tmp_path / "one", seed=2, customers=3, papers=24, workers=1)
    invent(tmp_path / "two", seed=2, customers=3, papers=24, workers=2)
    one, two = digests(tmp_path / "one"), digests(tmp_path / "two")
    assert one == two
    assert len(one) > 24


def test_born_digital_files_come_first_and_each_is_whole_when_it_is_announced(tmp_path):
    seen = []

    def announce(file):
        assert (tmp_path / file.path).stat().st_size > 500
        seen.append(file.format in DIGITAL)

    invent(tmp_path, seed=3, customers=3, papers=12, workers=1, on_file=announce)
    assert seen == sorted(seen, reverse=True)
    assert seen[0]
    assert not list(tmp_path.rglob(".*"))


def test_no_paper_is_written_when_none_is_wanted(tmp_path):
    made = invent(tmp_path, seed=1, customers=2_000, papers=0)
    assert made.files == ()
    assert len(made.customers_file.read_text(encoding="utf-8").splitlines()) == 2_001


def test_an_archive_without_customers_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one"):
        invent(tmp_path, seed=1, customers=0)


def test_the_truth_file_says_again_what_was_returned(archive):
    again = list(read_truth(archive.folder / "truth.jsonl"))
    assert [file.path for file in again] == [file.path for file in archive.files]
    assert [file.pages[0].text for file in again] == [file.pages[0].text for file in archive.files]
    assert all((archive.folder / file.path).is_file() for file in again)


def test_the_default_archive_has_fourteen_types_in_two_layouts_and_nothing_held_out():
    customers = list(invent_customers(1, 300))
    plans = Planner(customers, 1, None).plans(500)
    layouts = {}
    for plan in plans:
        layouts.setdefault(plan.type_code, set()).add(plan.layout)
        used = {f"layout.{plan.layout}", f"font.{plan.font}"}
        used |= {f"damage.{plan.damage}"} if plan.damage else set()
        assert not used & families.HELD_OUT
    assert sum(len(found) >= 2 for found in layouts.values()) >= 14
    assert {plan.damage for plan in plans} - {""} == set(families.choices(None, "damage"))


def test_the_default_archive_has_every_format_route_copies_and_strangers():
    customers = list(invent_customers(1, 300))
    plans = Planner(customers, 1, None).plans(500)
    assert {plan.format for plan in plans} == {
        "pdf", "docx", "xlsx", "eml", "ofd", "image-pdf", "jpeg", "tiff", "mixed-pdf",
    }  # fmt: skip
    assert {plan.route for plan in plans} == {"content", "file_name", "folder", "barcode"}
    assert any(plan.duplicate_of for plan in plans)
    assert any(not plan.known for plan in plans)
    assert any(plan.identity == "name" and not plan.unique_name for plan in plans)
    assert len({plan.path for plan in plans}) == len(plans)


def test_exact_copies_have_the_bytes_of_their_original(archive):
    copies = [file for file in archive.files if file.duplicate_of]
    assert copies
    for file in copies:
        copy, original = archive.folder / file.path, archive.folder / file.duplicate_of
        assert copy.read_bytes() == original.read_bytes()


def test_pdfs_hold_their_text_where_the_truth_says_born_digital(archive):
    files = [file for file in archive.files if file.format in {"pdf", "mixed-pdf", "image-pdf"}]
    assert {file.format for file in files} == {"pdf", "mixed-pdf", "image-pdf"}
    for file in files:
        with pikepdf.open(archive.folder / file.path) as opened:
            assert len(opened.pages) == len(file.pages)
        document = pdfium.PdfDocument(archive.folder / file.path)
        for page, truth in zip(document, file.pages, strict=True):
            text = squeezed(page.get_textpage().get_text_range())
            if truth.born_digital:
                assert all(squeezed(line.text) in text for line in truth.lines)
            else:
                assert text == ""


def test_pdf_pages_have_the_shape_that_the_truth_says_as_shown(archive):
    for file in archive.files:
        if file.format != "image-pdf":
            continue
        document = pdfium.PdfDocument(archive.folder / file.path)
        for page, truth in zip(document, file.pages, strict=True):
            width, height = page.get_size()
            assert width / height == pytest.approx(truth.width / truth.height, rel=0.01)


def test_pictures_have_the_size_and_pages_that_the_truth_says(archive):
    for file in archive.files:
        if file.format not in {"jpeg", "tiff"}:
            continue
        picture = Image.open(archive.folder / file.path)
        assert getattr(picture, "n_frames", 1) == len(file.pages)
        shown = ImageOps.exif_transpose(picture)
        assert shown.size == (file.pages[0].width, file.pages[0].height)
        assert picture.getexif().get(0x0112, 1) == file.exif_orientation


def test_boxes_lie_on_the_ink_of_pages_as_readers_show_them(archive):
    """Also where EXIF or a page's rotation turns the stored picture."""
    turned = 0
    for file in archive.files:
        if file.format not in {"image-pdf", "jpeg", "tiff"}:
            continue
        for picture, truth in zip(shown(archive.folder / file.path), file.pages, strict=True):
            if len(truth.lines) < 5:
                continue
            assert share_on_ink(picture, truth) > 0.8, (file.path, file.damage)
            turned += file.damage == "turned" and truth.rotation == 0
    assert turned


def shown(path):
    if path.suffix == ".pdf":
        for page in pdfium.PdfDocument(path):
            yield page.render(scale=150 / 72).to_pil().convert("L")
        return
    picture = Image.open(path)
    for frame in range(getattr(picture, "n_frames", 1)):
        picture.seek(frame)
        yield ImageOps.exif_transpose(picture).convert("L")


def share_on_ink(picture, truth):
    """Share of the lines whose middle is darker than the paper beside it."""
    upright_picture = picture.rotate(-truth.rotation, expand=True)
    pixels = np.asarray(upright_picture, np.float32)
    turned = truth.rotation in {90, 270}
    width = truth.height if turned else truth.width
    scale = upright_picture.width / width
    dark = 0
    for line in truth.lines:
        quad = upright(line.quad, truth.width, truth.height, truth.rotation)
        x0, y0 = np.min(quad, axis=0) * scale
        x1, y1 = np.max(quad, axis=0) * scale
        inside = pixels[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1]
        tall = quad[3][1] - quad[0][1]
        above = pixels[max(0, int(y0 - tall * 0.5)) : int(y0) + 1, int(x0) : int(x1) + 1]
        dark += inside.size > 0 and inside.min() < np.median(above) - 12
    return dark / len(truth.lines)


def test_office_files_open_with_their_readers_and_hold_the_truth(archive):
    seen = set()
    for file in archive.files:
        path = archive.folder / file.path
        if file.format == "docx":
            document = docx.Document(str(path))
            cells = [c.text for t in document.tables for row in t.rows for c in row.cells]
            text = squeezed("".join([p.text for p in document.paragraphs] + cells))
        elif file.format == "xlsx":
            rows = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0)
            text = squeezed("".join(str(cell) for row in rows.to_python() for cell in row))
        elif file.format == "ofd":
            text = squeezed(ofdkit.extract_text(path))
        else:
            continue
        seen.add(file.format)
        lines = [squeezed(line.text) for page in file.pages for line in page.lines]
        assert all(line in text for line in lines), file.path
    assert seen == {"docx", "xlsx", "ofd"}


def test_mails_carry_the_paper_as_a_pdf(archive):
    mails = [file for file in archive.files if file.format == "eml"]
    assert mails
    assert all(page.born_digital for file in mails for page in file.attached)
    for file in mails:
        data = (archive.folder / file.path).read_bytes()
        mail = email.message_from_bytes(data, policy=email.policy.default)
        (attached,) = mail.iter_attachments()
        assert len(pdfium.PdfDocument(io.BytesIO(attached.get_content()))) == len(file.attached)
        body = squeezed(mail.get_body().get_content())
        assert all(squeezed(line.text) in body for line in file.pages[0].lines[1:])


def test_most_bar_codes_on_damaged_pictures_can_be_read(archive):
    tried = read = 0
    for file in archive.files:
        if "barcode" not in file.links or file.format not in {"jpeg", "tiff"}:
            continue
        picture = Image.open(archive.folder / file.path).convert("L")
        double = picture.resize((picture.width * 2, picture.height * 2))
        found = {c.text for p in (picture, double) for c in zxingcpp.read_barcodes(p)}
        tried += 1
        read += file.customer_no in found
    assert tried
    assert read >= tried * 0.6


def test_what_links_a_paper_is_written_in_its_truth(archive):
    by_number = {customer.customer_no: customer for customer in archive.customers}
    for file in archive.files:
        if not file.customer_no:
            assert not file.decidable
            continue
        customer = by_number[file.customer_no]
        fields = {field.name: field.value for field in file.fields}
        if "folder" in file.links and not file.duplicate_of:
            assert f"/{customer.customer_no}/" in file.path
        if "customer_no" in file.links:
            assert fields["customer_no"] == customer.customer_no
        if "name_address" in file.links:
            assert (fields["name"], fields["address"]) == (customer.name, customer.address)
