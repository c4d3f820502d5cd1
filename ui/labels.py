"""Codes of the services in words: message ids that the catalogues translate.

An unknown code (a stranger's plugin, a newer release) is shown as it is, never hidden.
"""

from __future__ import annotations

from typing import Final


def N_(text: str) -> str:  # noqa: N802 - the name that message extraction looks for
    """Mark a text for extraction; it is translated where it is shown."""
    return text


CATEGORY: Final = {
    "LR": N_("Low-voltage residential"),
    "LN": N_("Low-voltage business"),
    "HV": N_("High voltage"),
    "IM": N_("Important customer"),
    "PV": N_("Distributed PV"),
}
CUSTOMER_STATUS: Final = {
    "active": N_("In use"),
    "closed": N_("Account closed"),
    "suspended": N_("Suspended"),
    "stopped": N_("Disconnected"),
}
DOCUMENT_STATE: Final = {
    "received": N_("Received"),
    "reading": N_("Being read"),
    "to_assign": N_("To be assigned"),
    "filed": N_("Filed"),
    "quarantined": N_("Set aside"),
}
OUTCOME: Final = {
    "queued": N_("Queued"),
    "running": N_("Running"),
    "waiting": N_("Waiting"),
    "ready": N_("Waiting"),
    "leased": N_("Running"),
    "accepted": N_("Taken in"),
    "done": N_("Done"),
    "duplicate": N_("Duplicate"),
    "quarantined": N_("Set aside"),
    "failed": N_("Failed"),
    "refused": N_("not received"),
}
INTAKE_STATE: Final = {
    "queued": N_("Queued"),
    "running": N_("Running"),
    "waiting": N_("Tried again later"),
    "failed": N_("Needs a person"),
    "to_assign": N_("To be assigned"),
    "filed": N_("Filed"),
    "no_copy": N_("Filed without copy"),
    "duplicate": N_("Duplicate"),
}
MATCHED: Final = {
    "customer_no": N_("customer number"),
    "meter_no": N_("meter number"),
    "name": N_("name"),
    "phone": N_("phone"),
    "id_no": N_("ID number"),
    "address": N_("address"),
    "place": N_("station, line or district"),
    "case_no": N_("case number"),
    "reference_code": N_("reference code"),
    "type": N_("paper type"),
    "title": N_("title"),
    "text": N_("text on the page"),
}
LINK_REASON: Final = {
    "folder": N_("the folder it came in"),
    "file_name": N_("the file name"),
    "barcode": N_("bar code on the page"),
    "customer_no": N_("customer number on the page"),
    "meter_no": N_("meter number on the page"),
    "id_no": N_("ID number on the page"),
    "name_address": N_("name and address on the page"),
    "name": N_("name on the page"),
    "phone": N_("phone on the page"),
    "customer_no_differs": N_("another customer number stands there"),
    "name_differs": N_("another name stands there"),
    "address": N_("address on the page"),
    "parent": N_("the mail or archive that it came in"),
    "given": N_("named by the sender"),
    "given_unknown": N_("The sender named a customer who is not in the register."),
    "person": N_("decided by a person"),
    "plugin": N_("an extension"),
    "several_customers": N_("Several customers are named on this paper."),
    "ambiguous": N_("Several customers fit almost alike."),
    "contradiction": N_("What is on the paper contradicts itself."),
    "weak": N_("What is on the paper is not enough to be sure."),
    "nothing_found": N_("Nothing on the paper names a customer of the register."),
}
FACET: Final = {
    "type": N_("Paper type"),
    "category": N_("Category"),
    "station": N_("Power station"),
    "line": N_("Line"),
    "district": N_("District"),
    "year": N_("Year"),
    "month": N_("Month"),
    "state": N_("State"),
    "status": N_("Account"),
    "quality": N_("Legibility"),
}
STEP: Final = {
    "received": N_("Received"),
    "read": N_("Look into the file"),
    "pages": N_("Read the pages"),
    "recognise": N_("Type and customer"),
    "searchable": N_("Searchable copy"),
}
ORIGIN: Final = {
    "inbox": N_("Inbox folder"),
    "upload": N_("Upload"),
    "ingest": N_("Command line"),
    "attachment": N_("Attachment"),
    "import": N_("Import"),
}
REASON: Final = {
    "empty": N_("The file is empty"),
    "truncated": N_("The file is cut off"),
    "corrupt": N_("The file is damaged"),
    "password": N_("The file is locked by a password"),
    "unsupported": N_("This kind of file cannot be read"),
    "no_pages": N_("The file has no pages"),
    "too_large": N_("The file is too large"),
    "too_many_pages": N_("The file has too many pages"),
    "too_many_pixels": N_("The picture is too large"),
    "bomb": N_("The file unpacks without end"),
    "time_limit": N_("Reading took too long"),
    "memory_limit": N_("Reading took too much memory"),
    "malware": N_("The file is infected"),
    "not_scanned": N_("The file could not be checked for malware"),
    "plugin": N_("An extension failed on it"),
    "not_a_file": N_("This is no ordinary file"),
    "gone": N_("The file is not there any more"),
    "permission": N_("The program may not read or move the file"),
    "internal": N_("The program failed on it"),
    "not_read_yet": N_("This page has not been read yet"),
    "unreadable": N_("This page cannot be read"),
    "step_failed": N_("A step of the work failed"),
    "limit_exceeded": N_("The work broke its limit"),
    "lost_lease": N_("It took too long and was given to another worker"),
    "disk_full": N_("The disk is full"),
    "unavailable": N_("A part of the system did not answer"),
    "no_searchable_copy": N_("The searchable copy was not made (the original is unharmed)"),
}
REMEDY: Final = {
    "empty": N_("Scan or copy it once more; the sender's copy was not finished."),
    "truncated": N_("Copy it once more; the transfer broke off."),
    "corrupt": N_("Open it on your computer, save it as PDF, and bring it again."),
    "password": N_("Ask the sender for a copy without password."),
    "unsupported": N_("Save it as PDF or picture and bring it again."),
    "no_pages": N_("Look into the file; there is nothing to file."),
    "too_large": N_("Split it, or ask the administrator to raise the limit."),
    "too_many_pages": N_("Split it, or ask the administrator to raise the limit."),
    "too_many_pixels": N_("Scan it at 300 dpi and bring it again."),
    "bomb": N_("Do not open it; tell the administrator."),
    "time_limit": N_("Try again when the machine is less busy."),
    "memory_limit": N_("Try again when the machine is less busy."),
    "malware": N_("Do not open it; tell the administrator."),
    "not_scanned": N_(
        "The scanner takes no file so large; let the administrator raise its limit, then try again."
    ),
    "plugin": N_("Tell the administrator which file it is, then try again."),
    "not_a_file": N_("Bring the file itself, not a link to it."),
    "gone": N_("Put it into the inbox folder again."),
    "permission": N_("Let the administrator give it the right; it is then taken by itself."),
    "internal": N_("Try again; if it fails again, tell the administrator."),
    "step_failed": N_("It is tried again by itself; if it lasts, tell the administrator."),
    "limit_exceeded": N_("Try again when the machine is less busy."),
    "lost_lease": N_("It is tried again by itself; if it lasts, tell the administrator."),
    "disk_full": N_("Free some room, then try again."),
    "unavailable": N_("It is tried again by itself; if it lasts, tell the administrator."),
    "no_searchable_copy": N_("The paper is filed and its text is found; try again for the copy."),
}
FIELD: Final = {
    "holder": N_("Holder"),
    "former_name": N_("Former name"),
    "customer_no": N_("Customer number"),
    "old_customer_no": N_("Old customer number"),
    "meter_no": N_("Meter number"),
    "id_no": N_("ID number"),
    "uscc": N_("Credit code"),
    "name": N_("Name"),
    "customer_name": N_("Name"),
    "address": N_("Address"),
    "phone": N_("Phone"),
    "date": N_("Date"),
    "doc_date": N_("Date"),
    "case_no": N_("Case number"),
    "contract_no": N_("Contract number"),
    "bank_account": N_("Bank account"),
    "capacity": N_("Capacity"),
    "voltage": N_("Voltage"),
    "barcode": N_("Bar code"),
}
ACTION: Final = {
    "document.received": N_("Document received"),
    "document.filed": N_("Document filed"),
    "document.to_assign": N_("Document left to a person"),
    "document.assigned": N_("Document assigned"),
    "document.skipped": N_("Assignment put off"),
    "document.assignment_undone": N_("Assignment taken back"),
    "document.type_set": N_("Paper type set"),
    "document.changed": N_("Document corrected"),
    "document.quarantined": N_("Set aside"),
    "intake.retried": N_("Read again"),
    "intake.duplicate": N_("The same file came in again"),
    "intake.refused": N_("Not taken in"),
    "customer.imported": N_("Customer imported"),
    "customer.added": N_("Customer imported"),
    "customer.changed": N_("Customer data changed"),
    "customers.imported": N_("Customer register imported"),
    "document.described": N_("Document described"),
    "search": N_("Searched"),
    "customer.read": N_("Customer looked at"),
    "document.read": N_("Document looked at"),
    "page.read": N_("Page looked at"),
    "text.read": N_("Text looked at"),
    "original.read": N_("Original taken"),
    "pdf.read": N_("Searchable copy taken"),
    "audit.read": N_("Audit record read"),
    "audit.exported": N_("Audit record saved as a file"),
    "audit.checkpoint_exported": N_("Audit checkpoint taken out"),
    "audit.key_changed": N_("Audit key changed"),
    "page.snippet": N_("Picture snippet looked at"),
    "list.exported": N_("List saved as a file"),
    "customer.exported": N_("Customer in a saved list"),
    "search.saved": N_("Search saved"),
    "login": N_("Logged in"),
    "login.failed": N_("Login refused"),
    "user.added": N_("Account added"),
    "user.disabled": N_("Account disabled"),
    "token.made": N_("Access token made"),
    "token.revoked": N_("Access token revoked"),
    "logout": N_("Logged out"),
    "session.ended": N_("Login ended"),
    "second_factor.on": N_("Second factor turned on"),
    "second_factor.off": N_("Second factor turned off"),
    "second_factor.codes": N_("Recovery codes made anew"),
    "password.set": N_("Password set"),
    "user.enabled": N_("Account enabled"),
    "user.unlocked": N_("Account unlocked"),
    "identity.bound": N_("Bound to the identity provider"),
    "identity.unbound": N_("Unbound from the identity provider"),
    "index.repaired": N_("Search index repaired"),
}
OBJECT_KIND: Final = {
    "document": N_("Document"),
    "customer": N_("Customer"),
    "intake": N_("File"),
    "query": N_("Query"),
    "search": N_("Search"),
    "user": N_("User account"),
    "audit": N_("Audit record"),
}
AUDIT_OUTCOME: Final = {
    "ok": N_("done"),
    "refused": N_("refused"),
}
RENDITION: Final = {
    "original": N_("Original"),
    "searchable": N_("Searchable copy"),
    "view": N_("Viewing copy"),
}
NEAR: Final = {
    "sounds_alike": N_("sounds alike"),
    "one_character": N_("one character fewer"),
    "swapped_digits": N_("two digits swapped"),
    "one_digit": N_("one digit otherwise"),
    "fewer_words": N_("without one of the words"),
}
ROLE: Final = {
    "administrator": N_("Administrator"),
    "archivist": N_("Archivist"),
    "supervisor": N_("Service centre supervisor"),
    "agent": N_("Customer-service agent"),
    "auditor": N_("Auditor"),
    "system": N_("System job"),
}
KINDS: Final = {
    "category": CATEGORY,
    "status": CUSTOMER_STATUS,
    "state": DOCUMENT_STATE,
    "outcome": OUTCOME,
    "intake_state": INTAKE_STATE,
    "matched": MATCHED,
    "link_reason": LINK_REASON,
    "facet": FACET,
    "step": STEP,
    "origin": ORIGIN,
    "reason": REASON,
    "remedy": REMEDY,
    "field": FIELD,
    "action": ACTION,
    "object_kind": OBJECT_KIND,
    "audit_outcome": AUDIT_OUTCOME,
    "rendition": RENDITION,
    "near": NEAR,
    "role": ROLE,
}


def message_of(kind: str, code: str) -> str:
    """The message id of a code, or the code itself when there is none."""
    return KINDS[kind].get(code, code)
