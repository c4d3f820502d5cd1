"""``dossier ingest PATH…``: takes in files and folders where they lie, and waits for them.

Copies; the user's files stay. Interrupted and begun again, it knows what it had taken: each file
has a fingerprint, and the batch is named after the paths. Beside a running ``serve`` its workers
do the reading; alone, the caller starts workers for as long as it takes.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import ColumnElement, func, or_, select

from dossier.db import outbox
from dossier.db.session import ScopedSession
from dossier.db.tables import Document, IndexChange, Intake, Page, WorkItem
from dossier.errors import InvalidInputError, NotFoundError, TooLargeError
from dossier.records import DocumentState, IntakeOutcome, QuarantineReason
from dossier.rules import file_names
from dossier.services import assigning, coming_back, intake, unfinished, work_status
from dossier.services.context import Context
from dossier.viewer import Viewer
from dossier.work.kinds import WorkKind

POLL_SECONDS = 0.25
FOLLOW_SECONDS = 60.0
"""How long a command waits at most for what follows from its papers; a broken plugin never ends."""
ORIGIN = "ingest"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class IngestOptions:
    """How to ingest.

    Attributes:
        customer_no: whose papers they are, if the user says so.
        wait: until everything is read and in the index.
        show: whether to draw a progress bar (on standard error).
    """

    customer_no: str | None = None
    wait: bool = True
    show: bool = True


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that was set aside: its path below the given one, and a ``QuarantineReason``.

    ``plugin`` names the plugin and what of it failed, where that is the reason.
    """

    name: str
    reason: str
    plugin: str = ""

    def as_json(self) -> dict[str, str]:
        """For ``--json``; a plugin is there only where one failed."""
        told = {"name": self.name, "reason": self.reason}
        return {**told, "plugin": self.plugin} if self.plugin else told


@dataclass(frozen=True, slots=True)
class Inside:
    """Papers that lay in the given files: attachments, members of archives, pasted pictures.

    Attributes:
        accepted: papers that this run made of them.
        duplicates: those that were there already.
        quarantined: those that were set aside.
    """

    accepted: int = 0
    duplicates: int = 0
    quarantined: int = 0

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.accepted or self.duplicates or self.quarantined)


@dataclass
class IngestSummary:
    """What became of the files; ``as_json`` is what ``--json`` prints.

    Attributes:
        accepted: given files that this run made documents of, or brought to their end after an
            interruption.
        inside: what lay in them, as far as it was read.
        duplicates: files whose bytes were there already, and files that an earlier run had
            finished.
        quarantined: given files that were set aside.
        problems: files that were set aside, and copies of such files, with the reason.
        failed: files that could not be taken (not readable by this user, vanished).
        pages: pages read.
        skipped: names below the given paths that a folder's walk passed over, because they say that
            the file is not finished or is no paper.
        known: of all these, files that an earlier run had taken already.
        assigned: of the known, papers of nobody that went to the customer who was named now.
        seconds: how long this run took.
    """

    accepted: int = 0
    duplicates: int = 0
    quarantined: int = 0
    failed: int = 0
    pages: int = 0
    known: int = 0
    assigned: int = 0
    seconds: float = 0.0
    inside: Inside = Inside()
    batch: str = ""
    failures: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The figures that the interface promises (architecture.md, Command line)."""
        return {
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "quarantined": self.quarantined,
            "failed": self.failed,
            "inside": asdict(self.inside),
            "pages": self.pages,
            "seconds": round(self.seconds, 2),
            "problems": [one.as_json() for one in self.problems],
            "skipped": [file_names.readable_path(file_names.coded(name)) for name in self.skipped],
        }


Workers = Callable[[], AbstractContextManager[object]]
"""Starts workers that run as long as the context manager is open."""


def ingest(
    context: Context,
    viewer: Viewer,
    paths: Sequence[Path],
    *,
    options: IngestOptions,
    workers: Workers,
) -> IngestSummary:
    """Take files in, wait for them, and sum up.

    Args:
        context: the wired parts.
        viewer: on whose behalf; needs ``upload``.
        paths: files and folders; folders are walked, links in them are not followed.
        options: see there.
        workers: called as soon as no worker of this archive lives, at most once.

    Raises:
        NotFoundError: a path does not exist; nothing was taken.
        InvalidInputError: the register does not know the customer number; nothing was taken.
        ForbiddenError: the role may not upload.
        DiskFullError: no room; begun again later it goes on where it stopped.
    """
    began = time.monotonic()
    roots = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100 - links stay as given
    if missing := [path.name for path in roots if not os.path.lexists(path)]:
        raise NotFoundError(f"no such file or folder: {missing[0]}")
    options = replace(options, customer_no=_registered(context, options.customer_no))
    run = _Run(context, viewer, options, roots)
    with _Helpers(context, workers) as helpers, _progress(options) as bar:
        if options.wait:
            helpers.come_if_needed()
        run.take_all(bar)
        if options.wait:
            run.wait(bar, helpers)
        if run.assign_known() and options.wait:
            run.wait(bar, helpers)
        if helpers.are_here:
            _let_follow(context, bar)
    run.count()
    run.summary.seconds = time.monotonic() - began
    return run.summary


def _let_follow(context: Context, bar: Progress) -> None:
    """Our workers end with us: what follows from the papers comes first, checks and facets too."""
    behind = [one.is_behind for one in context.plugins.duties(context) if one.is_behind]
    task = bar.add_task("核对 checking", total=None)
    until = time.monotonic() + FOLLOW_SECONDS
    while time.monotonic() < until:
        with context.reading(work_status.STATUS) as session:
            if not any(one(session) for one in behind) and not outbox.is_waiting(session):
                bar.update(task, total=1, completed=1)
                return
        time.sleep(POLL_SECONDS)
    log.warning("checks go on when workers run again: dossier serve")


def batch_of(roots: Sequence[Path]) -> str:
    """The batch's name: the same paths are the same batch, so that a resumed run goes on in it."""
    names = b"\0".join(sorted(os.fsencode(path) for path in roots))
    return hashlib.sha256(names).hexdigest()[:32]


def _registered(context: Context, customer_no: str | None) -> str | None:
    """The number as the register has it; a former number gives the present one."""
    if customer_no is None:
        return None
    found = None if "/" in customer_no else intake.given_customer(context, customer_no)
    if found is None:
        raise InvalidInputError(
            "The register knows no customer of this number; check --customer, or import the "
            "customer first: dossier import customers FILE",
            detail_zh="没有此户号：请核对 --customer，或先 dossier import customers 导入",
        )
    return found


class _Run:
    def __init__(
        self, context: Context, viewer: Viewer, options: IngestOptions, roots: Sequence[Path]
    ) -> None:
        self._context = context
        self._viewer = viewer
        self._options = options
        self._roots = roots
        self._began = context.clock.now()
        self._seen: set[str] = set()
        self._known: list[intake.IntakeResult] = []
        self.summary = IngestSummary(batch=batch_of(roots))

    # -- taking ---------------------------------------------------------------------------------

    def take_all(self, bar: Progress) -> None:
        """Take every file; one that cannot be read does not stop the others."""
        task = bar.add_task("收件 taking in", total=sum(1 for _ in self._files()))
        self.summary.skipped = []
        for path, relative in self._files():
            try:
                self._take(path, relative)
            except OSError as err:
                self.summary.failed += 1
                self.summary.failures.append(path.name)
                log.warning("a file cannot be taken", extra={"why": err.strerror})
            bar.advance(task)

    def _files(self) -> Iterator[tuple[Path, Path]]:
        """Every file with its path below the given one; folders in order, links not followed."""
        for root in self._roots:
            if root.is_dir():
                for path in self._walk(root):
                    yield path, path.relative_to(root)
            else:
                yield root, Path(root.name)

    def _walk(self, root: Path) -> Iterator[Path]:
        folders = [root]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(folder) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
            except OSError as err:
                log.warning("a folder cannot be listed", extra={"why": err.strerror})
                continue
            for entry in entries:
                path = folder / entry.name
                if unfinished.is_passed_over(entry, self._context.settings, now=time.time()):
                    self.summary.skipped.append(path.relative_to(root).as_posix())
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(path)
                else:
                    yield path

    def _take(self, path: Path, relative: Path) -> None:
        status = path.lstat()
        arrival = self._arrival(path, relative, status)
        if not stat.S_ISREG(status.st_mode):
            self._refuse(arrival, QuarantineReason.NOT_A_FILE)
        elif status.st_size == 0:
            self._refuse(arrival, QuarantineReason.EMPTY)
        elif status.st_size > self._context.settings.max_file_bytes:
            self._refuse(arrival, QuarantineReason.TOO_LARGE)
        else:
            try:
                result = intake.take(self._context, self._viewer, path, arrival)
            except TooLargeError:
                self._refuse(arrival, QuarantineReason.TOO_LARGE)
                return
            self._seen.add(result.intake_id)
            if result.known:
                self._meet_again(result)

    def _meet_again(self, result: intake.IntakeResult) -> None:
        """An earlier run took it, perhaps by way of other paths: it is waited for here as well."""
        self.summary.known += 1
        self._known.append(result)
        with self._context.reading(work_status.STATUS) as session:
            is_elsewhere = session.get_one(Intake, result.intake_id).batch != self.summary.batch
        if is_elsewhere:
            with self._context.writing(work_status.STATUS) as session:
                session.get_one(Intake, result.intake_id).batch = self.summary.batch
        if self._options.customer_no:
            self._name_customer(result.document_id, self._options.customer_no)

    def _name_customer(self, document_id: str, customer_no: str) -> None:
        """A paper that is still being read goes to the customer by itself, as a fresh one does."""
        with self._context.writing(work_status.STATUS) as session:
            document = session.get_one(Document, document_id)
            is_read = document.state not in (DocumentState.RECEIVED, DocumentState.READING)
            if not is_read and document.given_customer_no is None:
                document.given_customer_no = customer_no

    def _refuse(self, arrival: intake.Arrival, reason: QuarantineReason) -> None:
        note = intake.refuse(self._context, self._viewer, arrival.in_trouble(), reason=reason)
        self._seen.add(note)

    def assign_known(self) -> int:
        """File known papers that wait for a person under the customer who was named this time."""
        customer_no = self._options.customer_no
        if customer_no is None:
            return 0
        for result in self._known:
            with self._context.reading(work_status.STATUS) as session:
                document = session.get_one(Document, result.document_id)
                waits, revision = document.state == DocumentState.TO_ASSIGN, document.revision
            if waits:
                assigning.assign(
                    self._context,
                    self._viewer,
                    result.document_id,
                    customer_no,
                    revision=revision,
                )
                self.summary.assigned += 1
        return self.summary.assigned

    def _arrival(self, path: Path, relative: Path, status: os.stat_result) -> intake.Arrival:
        folder = file_names.folder_of(relative)
        mark = f"{status.st_dev}|{status.st_ino}|{status.st_size}|{status.st_mtime_ns}"
        key = b"ingest|" + os.fsencode(path) + b"|" + mark.encode()
        return intake.Arrival(
            file_name=path.name,
            folder=folder,
            origin=ORIGIN,
            given_customer_no=self._options.customer_no
            or intake.given_customer(self._context, folder),
            batch=self.summary.batch,
            source_path=relative.as_posix(),
            source_key=hashlib.sha256(key).hexdigest(),
            trouble_key=coming_back.trouble_key(f"ingest|{file_names.coded(str(path))}"),
        )

    # -- waiting --------------------------------------------------------------------------------

    def wait(self, bar: Progress, helpers: _Helpers) -> None:
        """Until all of the batch is read and in the index."""
        task = bar.add_task("识别入库 reading", total=None)
        while True:
            with self._context.reading(work_status.STATUS) as session:
                total, left = self._documents(session), self._unfinished(session)
                indexed = left == 0 and self._unindexed(session) == 0
            bar.update(task, total=total, completed=total - left)
            if indexed:
                return
            helpers.come_if_needed()
            time.sleep(POLL_SECONDS)

    def _documents(self, session: ScopedSession) -> int:
        query = select(func.count(Intake.document_id)).where(self._mine())
        return session.scalar(query) or 0

    def _unfinished(self, session: ScopedSession) -> int:
        work = select(WorkItem.id).where(
            WorkItem.subject == Intake.document_id,
            WorkItem.state.in_(["ready", "leased"]),
            WorkItem.kind != WorkKind.SEARCHABLE,
        )
        query = select(func.count(Intake.document_id)).where(self._mine(), work.exists())
        return session.scalar(query) or 0

    def _unindexed(self, session: ScopedSession) -> int:
        change = select(IndexChange.id).where(IndexChange.key == Intake.document_id)
        query = select(func.count(Intake.document_id)).where(self._mine(), change.exists())
        return session.scalar(query) or 0

    def _mine(self) -> ColumnElement[bool]:
        return (Intake.batch == self.summary.batch) & (Intake.outcome != IntakeOutcome.DUPLICATE)

    # -- summing up -----------------------------------------------------------------------------

    def count(self) -> None:
        """The figures, from the records."""
        batch = Intake.batch == self.summary.batch
        with self._context.reading(work_status.STATUS) as session:
            given = self._outcomes(session, Intake.origin == ORIGIN)
            inside = self._outcomes(session, Intake.origin != ORIGIN)
            finished = session.scalars(
                select(Intake.id).where(
                    batch, Intake.outcome != IntakeOutcome.QUARANTINED, ~self._of_this_run()
                )
            )
            known = len(self._seen.intersection(finished))
            pages = session.scalar(
                select(func.count(Page.number))
                .join(Intake, Intake.document_id == Page.document_id)
                .where(self._mine(), Page.error == "")
            )
            problems = list(self._problems(session))
            useless = list(self._copies_of_problems(session))
        self.summary.problems = [problem for _, problem in problems] + useless
        self.summary.accepted = given.get(IntakeOutcome.ACCEPTED, 0)
        self.summary.duplicates = given.get(IntakeOutcome.DUPLICATE, 0) + known
        self.summary.quarantined = sum(is_given for is_given, _ in problems)
        self.summary.inside = Inside(
            accepted=inside.get(IntakeOutcome.ACCEPTED, 0),
            duplicates=inside.get(IntakeOutcome.DUPLICATE, 0),
            quarantined=len(problems) - self.summary.quarantined,
        )
        self.summary.pages = pages or 0

    def _outcomes(self, session: ScopedSession, which: ColumnElement[bool]) -> dict[str, int]:
        """Files of this run by outcome."""
        rows = session.execute(
            select(Intake.outcome, func.count())
            .where(Intake.batch == self.summary.batch, self._of_this_run(), which)
            .group_by(Intake.outcome)
        )
        return dict(rows.all())

    def _of_this_run(self) -> ColumnElement[bool]:
        """What this run took, and what it found unfinished, be it done by now or not."""
        work = select(WorkItem.id).where(
            WorkItem.subject == Intake.document_id,
            WorkItem.kind != WorkKind.SEARCHABLE,
            or_(WorkItem.state.in_(["ready", "leased"]), WorkItem.changed_at >= self._began),
        )
        is_unfinished = (Intake.outcome == IntakeOutcome.ACCEPTED) & work.exists()
        return or_(Intake.received_at >= self._began, is_unfinished)

    def _problems(self, session: ScopedSession) -> Iterator[tuple[bool, Problem]]:
        """Files set aside: those given now (true) and, whenever it was, what they contained."""
        rows = session.scalars(
            select(Intake)
            .where(Intake.batch == self.summary.batch, Intake.outcome == IntakeOutcome.QUARANTINED)
            .order_by(Intake.source_path)
        )
        for row in rows:
            if row.id in self._seen or row.origin != ORIGIN:
                plugin = row.detail if row.reason == QuarantineReason.PLUGIN else ""
                yield row.origin == ORIGIN, Problem(row.source_path, row.reason, plugin)

    def _copies_of_problems(self, session: ScopedSession) -> Iterator[Problem]:
        """Files whose first copy was set aside: to be there already is of no use."""
        rows = session.execute(
            select(Intake, Document.problem)
            .join(Document, Document.id == Intake.document_id)
            .where(Intake.batch == self.summary.batch, Intake.outcome == IntakeOutcome.DUPLICATE)
            .where(Document.state == DocumentState.QUARANTINED)
            .order_by(Intake.source_path)
        )
        for row, reason in rows:
            if row.id in self._seen or row.origin != ORIGIN:
                yield Problem(row.source_path, reason)


class _Helpers(ExitStack):
    """Workers of our own, from the moment on when no other lives.

    Those of an interrupted run are seen for some seconds after their end, and a ``serve`` beside us
    may be stopped at any time: who looked once only would wait for ever.
    """

    def __init__(self, context: Context, workers: Workers) -> None:
        super().__init__()
        self._context = context
        self._workers = workers
        self.are_here = False

    def come_if_needed(self) -> None:
        """Start them when nobody works."""
        if self.are_here:
            return
        with self._context.reading(work_status.STATUS) as session:
            others = work_status.live_workers(session, self._context.clock.now())
        if not others:
            self.enter_context(self._workers())
            self.are_here = True


def _progress(options: IngestOptions) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not options.show,
        transient=False,
    )
