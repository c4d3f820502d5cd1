"""After reading: the plugins' steps, then whose paper it is; then the searchable copy."""

from __future__ import annotations

import logging
from dataclasses import replace

from sqlalchemy import select

from dossier.db.session import ScopedSession
from dossier.db.stack_tables import Stack
from dossier.db.tables import Document, Page
from dossier.hookspecs import StepResult
from dossier.records import DocumentState, DocumentText, FieldValue, QuarantineReason
from dossier.rules.evidence import Verdict
from dossier.services import corrections, filing, intake, linking, one_file, reading, stacks
from dossier.services.plugin_registry import PluginRegistry
from dossier.work import queue
from indexer.steps.job import Job, where

log = logging.getLogger(__name__)


class PluginStepError(Exception):
    """A plugin's step raised; carries the plugin's and the step's name."""


def run(job: Job) -> None:
    """Run the steps in order, write what they found, link, and finish.

    A step that raises puts this document into quarantine with the plugin's name; the others go on.
    """
    if job.held.lease.payload.get(one_file.LINK_ONLY):
        linking.link(job.context, job.viewer, job.document_id)
        job.held.finish(lambda _session: None)
        return
    with job.context.reading(job.viewer) as session:
        row = session.get(Document, job.document_id)
        if row is None or row.state == DocumentState.CUT:  # a part that was withdrawn, or a stack
            job.held.finish(lambda _session: None)
            return
        document = reading.text_of(session, job.document_id)
        found = None if _was_decided(session, row) else stacks.look(row, document.pages)
    if found is not None and found.is_stack:
        _cut(job, row, found)
        return
    try:
        results = _results(job.context.plugins, document)
    except PluginStepError as err:
        _set_aside(job, str(err))
        return
    document = replace(document, type_code=_type_of(document.type_code, results))
    verdict = linking.weigh(job.context, job.document_id, document, found)
    job.held.finish(lambda session: _finish(job, session, results, verdict, found))


def _was_decided(session: ScopedSession, document: Document) -> bool:
    """Whether a person said where it is cut, or that it is not."""
    stack = session.get(Stack, document.id)
    return stack is not None and stack.decided_by is not None


def _cut(job: Job, document: Document, found: stacks.Found) -> None:
    """A stack becomes its papers: each is recognised and linked as any document is."""
    parts = stacks.kept(job.context, document, stacks.new_parts(document, found))

    def write(session: ScopedSession) -> None:
        held = filing.lock(session, document.id)
        if held is None or held.assigned_by is not None or held.state == DocumentState.CUT:
            return
        stacks.note(session, held, found, at=job.context.clock.now())
        stacks.cut(job.context, session, job.viewer, held, parts)

    job.held.finish(write)


def _type_of(given: str | None, results: list[StepResult]) -> str | None:
    """What the sender named stays; the first step that knows a type decides."""
    return next(filter(None, [given, *(found.type_code for found in results)]), given)


def _results(plugins: PluginRegistry, document: DocumentText) -> list[StepResult]:
    results = []
    for plugin, step in plugins.steps():
        try:
            results.append(step.run(document))
        except Exception as err:
            plugins.blame(plugin, f"steps: {step.name}", err)
            fields = {"plugin": plugins.title(plugin), "step": step.name, "error": where(err)}
            log.error("step of a plugin failed", extra=fields)  # noqa: TRY400 - see where()
            raise PluginStepError(f"{plugins.title(plugin)}: {step.name}") from err
    return results


def _set_aside(job: Job, who: str) -> None:
    job.held.finish(
        lambda session: intake.quarantine(
            session,
            job.document_id,
            context=job.context,
            reason=QuarantineReason.PLUGIN,
            detail=who,
        )
    )


def _write(job: Job, session: ScopedSession, results: list[StepResult]) -> None:
    """What the sender named stays; the first step that knows a title decides, as with the type."""
    document = session.get_one(Document, job.document_id)
    fields: list[FieldValue] = []
    if corrections.TYPE not in reading.settled_names(session, document.id):
        document.type_code = _type_of(document.type_code, results)
    for result in results:
        fields += result.fields
        document.title = document.title or (result.title or "")[:400]
    session.flush()
    reading.replace_fields(session, job.context.keyring, job.document_id, fields)
    linking.take_fields(session, document)  # also where a person said whose it is


def _finish(
    job: Job,
    session: ScopedSession,
    results: list[StepResult],
    verdict: Verdict | None,
    found: stacks.Found | None,
) -> None:
    """All in one transaction: one commit that waits for the disk, one new index row."""
    now = job.context.clock.now()
    held = filing.lock(session, job.document_id)  # before it is read: a person may decide meanwhile
    if held is None or held.state == DocumentState.CUT:
        return
    if found is not None and (found.is_open or stacks.has_remarks(found)):
        stacks.note(session, held, found, at=now)
    _write(job, session, results)
    is_placed = verdict is not None and linking.write(
        job.context, session, job.viewer, job.document_id, verdict
    )
    _leave_reading(job, session)
    if not is_placed:
        reading.touch(session, job.document_id, at=now)
    scanned = select(Page.number).where(
        Page.document_id == job.document_id, Page.digital.is_(False), Page.error == ""
    )
    if held.source_pages is not None or session.scalar(scanned.limit(1)) is not None:
        task = reading.searchable_task(
            job.document_id, max_attempts=job.context.settings.max_attempts
        )
        queue.requeue(session, [task], now=now)


def _leave_reading(job: Job, session: ScopedSession) -> None:
    """A document that a person had assigned is left alone by the linking; it is filed again."""
    document = session.get_one(Document, job.document_id)
    if document.state in {DocumentState.RECEIVED, DocumentState.READING}:
        is_filed = document.customer_no is not None
        document.state = DocumentState.FILED if is_filed else DocumentState.TO_ASSIGN
        session.flush()
