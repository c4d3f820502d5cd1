"""One tree of errors: a stable code, a message that names the remedy, no personal data.

Doors map ``code`` to an HTTP status, ``exit_code`` is the command line's.
``title_zh`` is what a clerk reads; ``detail`` may add facts, but never paths, queries or document
text.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the ``dossier`` command, documented in docs/howto/command-line.md."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CONFIGURATION = 3
    NOT_FOUND = 4
    REFUSED = 5
    PARTLY = 6
    UNAVAILABLE = 7
    INTERRUPTED = 130


class DossierError(Exception):
    """Something went wrong that has a name and a remedy."""

    code = "error"
    status = 500
    exit_code = ExitCode.FAILED
    title = "Something went wrong; the log names it"
    title_zh = "系统出错，请联系管理员"

    def __init__(self, detail: str = "", *, detail_zh: str = "") -> None:
        """Keep the facts of this case; the class says what kind it is.

        Args:
            detail: English facts and remedy.
            detail_zh: the same for a clerk; empty means that the title says enough.
        """
        self.detail = detail
        self.detail_zh = detail_zh
        super().__init__(detail or self.title)


class ConfigurationError(DossierError):
    """A setting, plugin or rule file is wrong; nothing was started."""

    code = "configuration"
    exit_code = ExitCode.CONFIGURATION
    title = "The configuration is wrong"
    title_zh = "配置有误，未启动"


class AddressTakenError(ConfigurationError):
    """Another program answers already where this one should; nothing was started."""

    title = "Something answers at that address already"
    title_zh = "该地址已有程序在运行，未启动"


class NotFoundError(DossierError):
    """It does not exist, or this viewer may not know that it does."""

    code = "not_found"
    status = 404
    exit_code = ExitCode.NOT_FOUND
    title = "Not found"
    title_zh = "未找到"


class NotAuthenticatedError(DossierError):
    """Nobody is logged in, or the token is wrong or expired."""

    code = "not_authenticated"
    status = 401
    exit_code = ExitCode.REFUSED
    title = "Log in first, or send a valid token"
    title_zh = "请先登录"


class ForbiddenError(DossierError):
    """The viewer's role does not allow it."""

    code = "forbidden"
    status = 403
    exit_code = ExitCode.REFUSED
    title = "Your role does not allow this"
    title_zh = "您的岗位无此权限"

    def __init__(self, detail: str = "", *, detail_zh: str = "", permission: str = "") -> None:
        """Name the permission that lacks by its code, where it is one: pages have words for it."""
        self.permission = permission
        super().__init__(detail, detail_zh=detail_zh)


class ApprovalNeededError(ForbiddenError):
    """The viewer's role allows it once somebody else approved (domain.md §5, cells marked A)."""

    code = "approval_needed"
    title = "Your role may do this after somebody else approved; ask for it"
    title_zh = "须经他人审批，请先提出申请"

    def __init__(self, action: str, detail: str = "", *, detail_zh: str = "") -> None:
        """Name the action by its code, as requests do."""
        self.action = action
        super().__init__(detail, detail_zh=detail_zh)


class InvalidInputError(DossierError):
    """What was sent cannot be used; the detail says which part and how to mend it."""

    code = "invalid_input"
    status = 422
    exit_code = ExitCode.USAGE
    title = "The input cannot be used"
    title_zh = "输入有误"


class QueryError(InvalidInputError):
    """The query cannot be understood as written (most oddities are searched literally instead)."""

    code = "invalid_query"
    status = 400
    title = "The query cannot be understood"
    title_zh = "查询无法识别"


class ConflictError(DossierError):
    """It changed meanwhile; looking again and repeating may help."""

    code = "conflict"
    status = 409
    title = "It has changed meanwhile; look again and repeat"
    title_zh = "数据已变化，请刷新后重试"


class NotPossibleError(ConflictError):
    """As things stand it is not possible, however often one tries; the detail says what helps."""

    code = "not_possible"
    title = "As things stand this is not possible"
    title_zh = "当前情况不允许此操作"


class StaleRevisionError(ConflictError):
    """The change was made against an older revision than the present one (RFC 9110, If-Match)."""

    code = "stale_revision"
    status = 412


class TooLargeError(DossierError):
    """Larger than a limit that the settings name."""

    code = "too_large"
    status = 413
    title = "Too large"
    title_zh = "文件超出限制"


class TooManyRequestsError(DossierError):
    """Slow down; the same request may be tried again later."""

    code = "too_many_requests"
    status = 429
    title = "Too many attempts; wait and try again"
    title_zh = "尝试过于频繁，请稍后再试"


class UnavailableError(DossierError):
    """A part (database, index, disk) does not answer now; nothing was lost, try again."""

    code = "unavailable"
    status = 503
    exit_code = ExitCode.UNAVAILABLE
    title = "A part of the system does not answer now; try again shortly"
    title_zh = "服务暂不可用，请稍后重试"


class DatabaseLockedError(UnavailableError):
    """Another program, or a long command of ours, keeps the database locked."""

    code = "database_locked"
    title = "The database is locked by another program; nothing was lost"
    title_zh = "数据库被其他程序占用，资料没有丢失"


class SearchServerUnreachableError(UnavailableError):
    """The search server does not answer at its address, or its certificate is not trusted."""

    code = "search_unreachable"
    title = "The search server cannot be reached"
    title_zh = "无法连接检索服务器"


class SearchServerRefusedError(UnavailableError):
    """The search server refuses our user, or gives it too few rights."""

    code = "search_refused"
    title = "The search server refuses the login"
    title_zh = "检索服务器拒绝登录"


class SearchServerWrongError(UnavailableError):
    """Not Elasticsearch, or a version that this program does not speak with."""

    code = "search_wrong_server"
    title = "The search server is not one that can be used"
    title_zh = "检索服务器类型或版本不符"


class SearchServerTroubleError(UnavailableError):
    """The search server says itself that it is not well: red cluster, no master, full disk."""

    code = "search_trouble"
    title = "The search server is in trouble"
    title_zh = "检索服务器状态异常"


class SearchNameTakenError(UnavailableError):
    """Under our index names there is something that this archive did not make."""

    code = "search_name_taken"
    title = "The search server holds somebody else's index under our name"
    title_zh = "检索服务器上的索引名称已被占用"


class ScannerUnavailableError(UnavailableError):
    """The malware scanner gives no verdict; files that came in wait for it."""

    code = "scanner_unavailable"
    title = "The malware scanner does not answer; files wait for it"
    title_zh = "查毒服务无响应，文件等待查毒"


class DiskFullError(UnavailableError):
    """No room for the bytes; the source was left where it was."""

    code = "disk_full"
    status = 507
    title = "The disk is full; the file was left where it was"
    title_zh = "磁盘已满，文件保留原处未动"


class UnreadableFileError(DossierError):
    """A file that cannot be taken in; becomes a quarantine entry with ``reason``.

    ``reason`` is one of :class:`dossier.records.QuarantineReason`.
    """

    code = "unreadable_file"
    status = 422
    title = "The file cannot be read"
    title_zh = "文件无法读取"

    def __init__(self, reason: str, detail: str = "", *, detail_zh: str = "") -> None:
        """Name the reason by its stable code."""
        self.reason = reason
        super().__init__(detail, detail_zh=detail_zh)


class StepFailedError(DossierError):
    """A step of the work failed; it is tried again until its attempts are used up."""

    code = "step_failed"
    title = "A processing step failed"
    title_zh = "处理步骤失败"


class LimitExceededError(StepFailedError):
    """The killable child broke its time, memory or pixel limit and was ended.

    ``limit`` says which: ``time`` (also ``start``), ``memory`` or ``pixels``.
    """

    code = "limit_exceeded"
    title = "The work broke its limit and was stopped"
    title_zh = "处理超出资源限制，已中止"

    def __init__(self, detail: str = "", *, limit: str = "", detail_zh: str = "") -> None:
        """Name the limit by its stable code."""
        self.limit = limit
        super().__init__(detail, detail_zh=detail_zh)


class LostLeaseError(StepFailedError):
    """Another worker owns the item by now; this result was refused."""

    code = "lost_lease"
    title = "The lease was lost; the result was refused"
    title_zh = "任务已被其他进程接管"
