"""Whether some program of this machine has a file open for writing.

A writer may pause for longer than any settle time (a scanner between two pages, a slow share). The
kernel knows: it grants no read lease on a file that is open for writing (fcntl(2), F_SETLEASE).
Programs of other machines are not seen; their files are looked after once more when they were
taken (:mod:`indexer.late_writes`).
"""

from __future__ import annotations

import errno
import fcntl
import signal


def is_open_for_writing(handle: int) -> bool:
    """Whether a file is open for writing; False where this system cannot tell.

    Args:
        handle: descriptor of the file, open for reading only.
    """
    try:
        # Whoever opens it just now makes the kernel send a signal: one that does nothing.
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as err:
        return err.errno == errno.EAGAIN
    fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
