"""Errors, named by what to do next.

`Refusal` is for people and court systems: it becomes a problem+json (RFC 9457) with a stable code. The other
four are for the dispatcher, and say what may be done with an exchange that did not come to an answer.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple


class Title(NamedTuple):
    status: int
    en: str
    zh: str


class ErrorCode(StrEnum):
    """Stable codes of refusals. Never renamed; court systems branch on them."""

    INVALID_BODY = "invalid_body"
    MALFORMED_JSON = "malformed_json"
    BODY_TOO_LARGE = "body_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    RATE_LIMITED = "rate_limited"
    INTERNAL = "internal_error"
    UNAVAILABLE = "unavailable"
    IDEMPOTENCY_IN_PROGRESS = "idempotency_in_progress"
    IDEMPOTENCY_MISMATCH = "idempotency_mismatch"
    CASE_NUMBER_MALFORMED = "case_number_malformed"
    CASE_UNKNOWN = "case_unknown"
    CASE_EXISTS = "case_exists"
    CASE_CLOSED = "case_closed"
    CERTIFICATE_INVALID = "certificate_invalid"
    CERTIFICATE_REQUIRED = "certificate_required"
    NAME_MISMATCH = "name_mismatch"
    NOT_A_DEBTOR = "not_a_debtor"
    OFFICER_UNKNOWN = "officer_unknown"
    OFFICER_NOT_OF_COURT = "officer_not_of_court"
    DOCUMENT_MISSING = "document_missing"
    DOCUMENT_UNKNOWN = "document_unknown"
    DOCUMENT_WRONG_KIND = "document_wrong_kind"
    DOCUMENT_TYPE_REFUSED = "document_type_refused"
    AGENCY_UNKNOWN = "agency_unknown"
    AGENCY_INCAPABLE = "agency_incapable"
    NO_AGENCY = "no_agency"
    AGENCY_SETTINGS_INVALID = "agency_settings_invalid"
    ASSET_UNKNOWN = "asset_unknown"
    NOT_FREEZABLE = "not_freezable"
    FUNDS_EXEMPT = "funds_exempt"
    AMOUNT_INVALID = "amount_invalid"
    AMOUNT_EXCEEDS_CLAIM = "amount_exceeds_claim"
    AMOUNT_BEYOND_HELD = "amount_beyond_held"
    TERM_TOO_LONG = "term_too_long"
    DOCUMENT_EXPIRED = "document_expired"
    DOCUMENT_SUMS_DIFFER = "document_sums_differ"
    FREEZE_UNKNOWN = "freeze_unknown"
    FREEZE_ENDED = "freeze_ended"
    FREEZE_NOT_IN_FORCE = "freeze_not_in_force"
    LOCATE_REQUEST_UNKNOWN = "locate_request_unknown"
    GROUND_FORBIDS = "ground_forbids"
    GROUND_GONE = "ground_gone"
    VEHICLE_NOT_SEALED = "vehicle_not_sealed"
    DETENTION_REPEATED = "detention_repeated"
    APPROVER_NEEDED = "approver_needed"
    SAME_OFFICER = "same_officer"
    STATE_FORBIDS = "state_forbids"
    SIGNATURE_REFUSED = "signature_refused"
    MESSAGE_REPLAYED = "message_replayed"
    MESSAGE_CONFLICT = "message_conflict"
    NOT_THE_ADDRESSEE = "not_the_addressee"
    MALFORMED_MESSAGE = "malformed_message"
    ADDRESS_REFUSED = "address_refused"
    REASON_REQUIRED = "reason_required"
    CURSOR_INVALID = "cursor_invalid"
    LOG_NOT_WITNESSED = "log_not_witnessed"
    DATA_EXPIRED = "data_expired"


TITLES: dict[ErrorCode, Title] = {
    ErrorCode.INVALID_BODY: Title(422, "The request is not valid", "请求内容不合要求"),
    ErrorCode.MALFORMED_JSON: Title(400, "The body is not JSON", "请求体不是合法的 JSON"),
    ErrorCode.BODY_TOO_LARGE: Title(413, "The body is too large", "请求体过大"),
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: Title(415, "This media type is not taken here", "不支持的内容类型"),
    ErrorCode.UNAUTHENTICATED: Title(401, "A valid access token is needed", "需要有效的访问令牌"),
    ErrorCode.FORBIDDEN: Title(403, "This role may not do that", "该角色无权进行此操作"),
    ErrorCode.NOT_FOUND: Title(404, "Nothing is known under this address", "未找到"),
    ErrorCode.METHOD_NOT_ALLOWED: Title(405, "This method is not offered here", "不支持该方法"),
    ErrorCode.CONFLICT: Title(409, "This contradicts what is on record", "与现有记录冲突"),
    ErrorCode.RATE_LIMITED: Title(429, "Too many requests", "请求过于频繁"),
    ErrorCode.INTERNAL: Title(500, "The hub failed; nothing was done", "系统故障，未执行任何操作"),
    ErrorCode.UNAVAILABLE: Title(503, "The hub cannot serve now; send again", "暂时无法服务，请重发"),
    ErrorCode.IDEMPOTENCY_IN_PROGRESS: Title(
        409, "The first request with this key is still running", "同一幂等键的请求仍在处理"
    ),
    ErrorCode.IDEMPOTENCY_MISMATCH: Title(
        422, "This key was used with another request", "该幂等键已用于不同的请求"
    ),
    ErrorCode.CASE_NUMBER_MALFORMED: Title(422, "The case number is malformed", "案号格式错误"),
    ErrorCode.CASE_UNKNOWN: Title(404, "No such case of this court", "本院无此案件"),
    ErrorCode.CASE_EXISTS: Title(409, "The case is registered already", "案件已登记"),
    ErrorCode.CASE_CLOSED: Title(409, "The case is closed", "案件已结案"),
    ErrorCode.CERTIFICATE_INVALID: Title(422, "The certificate number is wrong", "证件号码有误"),
    ErrorCode.CERTIFICATE_REQUIRED: Title(
        422,
        "A name alone identifies nobody; give a certificate number",
        "仅凭姓名不能确定身份，须提供证件号码",
    ),
    ErrorCode.NAME_MISMATCH: Title(
        409, "This number is on record with another name", "该证件号码登记的姓名不同"
    ),
    ErrorCode.NOT_A_DEBTOR: Title(422, "Not a debtor of this case", "不是本案被执行人"),
    ErrorCode.OFFICER_UNKNOWN: Title(422, "No such enrolled officer", "未登记的执行人员"),
    ErrorCode.OFFICER_NOT_OF_COURT: Title(403, "The officer belongs to another court", "执行人员不属于本院"),
    ErrorCode.DOCUMENT_MISSING: Title(422, "The notice of assistance is missing", "缺少协助执行文书"),
    ErrorCode.DOCUMENT_UNKNOWN: Title(422, "No such document of this case", "本案无此文书"),
    ErrorCode.DOCUMENT_WRONG_KIND: Title(
        422, "This document does not carry this order", "文书种类与请求不符"
    ),
    ErrorCode.DOCUMENT_TYPE_REFUSED: Title(415, "This kind of file is not taken", "不接受该文件类型"),
    ErrorCode.AGENCY_UNKNOWN: Title(422, "No such agency", "未登记的协助执行单位"),
    ErrorCode.AGENCY_INCAPABLE: Title(422, "The agency does not offer this", "该单位不提供此项协助"),
    ErrorCode.NO_AGENCY: Title(422, "No agency can be asked", "没有可查询的协助执行单位"),
    ErrorCode.AGENCY_SETTINGS_INVALID: Title(422, "The agency's settings are not valid", "单位配置有误"),
    ErrorCode.ASSET_UNKNOWN: Title(
        422, "No such asset of this debtor in this case", "本案被执行人名下无此财产"
    ),
    ErrorCode.NOT_FREEZABLE: Title(422, "This cannot be frozen", "该财产信息不能作为控制对象"),
    ErrorCode.FUNDS_EXEMPT: Title(422, "These funds are exempt from execution", "依法豁免执行的款项"),
    ErrorCode.AMOUNT_INVALID: Title(422, "The amount is not valid", "金额有误"),
    ErrorCode.AMOUNT_EXCEEDS_CLAIM: Title(
        422, "More than is owed; a clear excess is forbidden", "明显超出执行标的额"
    ),
    ErrorCode.AMOUNT_BEYOND_HELD: Title(422, "More than is in force for this case", "超出本案实际控制金额"),
    ErrorCode.TERM_TOO_LONG: Title(422, "Longer than the law allows", "超过法定最长期限"),
    ErrorCode.DOCUMENT_EXPIRED: Title(422, "The ruling or notice is no longer valid", "文书已过有效期"),
    ErrorCode.DOCUMENT_SUMS_DIFFER: Title(
        422, "Ruling and notice name different sums", "裁定书与协助通知书金额不一致"
    ),
    ErrorCode.FREEZE_UNKNOWN: Title(404, "No such freeze of this court", "本院无此控制措施"),
    ErrorCode.FREEZE_ENDED: Title(409, "The freeze has ended", "控制措施效力已消灭"),
    ErrorCode.FREEZE_NOT_IN_FORCE: Title(409, "The freeze is not in force", "控制措施尚未生效"),
    ErrorCode.LOCATE_REQUEST_UNKNOWN: Title(
        404, "No such request of this court to look out", "本院无此协助查找请求"
    ),
    ErrorCode.GROUND_FORBIDS: Title(422, "This ground does not allow it", "该依据不允许此项措施"),
    ErrorCode.GROUND_GONE: Title(409, "There is no ground for it any more", "依据已消灭"),
    ErrorCode.VEHICLE_NOT_SEALED: Title(422, "The vehicle is not sealed by this case", "该车辆未被本案查封"),
    ErrorCode.DETENTION_REPEATED: Title(409, "He was detained for this act already", "同一行为不得重复拘留"),
    ErrorCode.APPROVER_NEEDED: Title(403, "An approver of the court is needed", "须由审批人员审批"),
    ErrorCode.SAME_OFFICER: Title(409, "Maker and approver must be two people", "承办人与审批人不得为同一人"),
    ErrorCode.STATE_FORBIDS: Title(409, "Not possible in the present state", "当前状态不允许此操作"),
    ErrorCode.SIGNATURE_REFUSED: Title(401, "The message signature is refused", "报文签名未通过验证"),
    ErrorCode.MESSAGE_REPLAYED: Title(409, "This signed message was received before", "重复发送的签名报文"),
    ErrorCode.MESSAGE_CONFLICT: Title(
        409, "Another content is on record under this message id", "同一报文编号的内容不同"
    ),
    ErrorCode.NOT_THE_ADDRESSEE: Title(404, "No such request to this agency", "没有发给该单位的此请求"),
    ErrorCode.MALFORMED_MESSAGE: Title(422, "The message cannot be understood", "报文无法解析"),
    ErrorCode.ADDRESS_REFUSED: Title(422, "This address may not be called", "不允许访问该地址"),
    ErrorCode.REASON_REQUIRED: Title(422, "A reason is needed", "须说明理由"),
    ErrorCode.DATA_EXPIRED: Title(
        410, "The personal data have expired and cannot be had any more", "个人信息已到期销毁，无法再取得"
    ),
    ErrorCode.LOG_NOT_WITNESSED: Title(
        503,
        "The audit log has gone unwitnessed too long; no new coercive measure is taken",
        "审计日志超时未获见证，暂不受理新的强制措施",
    ),
    ErrorCode.CURSOR_INVALID: Title(422, "The cursor is not one of ours", "分页游标无效"),
}


@dataclass(frozen=True)
class FieldError:
    """One field that is wrong. `field` is a JSON pointer; the texts never repeat the value."""

    field: str
    code: str
    en: str
    zh: str


class Refusal(Exception):
    """A request that must not be carried out. Nothing was changed."""

    def __init__(self, code: ErrorCode, *fields: FieldError, detail: str = "") -> None:
        super().__init__(code.value)
        self.code = code
        self.fields = fields
        self.detail = detail


class ExchangeError(Exception):
    """An exchange with an agency that came to no answer. `raw` is what came back instead, to be kept."""

    def __init__(self, reason: str, *, raw: bytes = b"") -> None:
        super().__init__(reason)
        self.reason = reason
        self.raw = raw


class AgencyUnavailable(ExchangeError):
    """The agency certainly did not act on the request; it may be sent again after a while."""

    def __init__(self, reason: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class OutcomeUnknown(ExchangeError):
    """The request may have had its effect; ask for its status before sending it again (P4)."""


class MessageRejected(ExchangeError):
    """The agency refuses the message as such; sending it again cannot help, a person must look."""


class MalformedAnswer(ExchangeError):
    """Bytes that cannot be understood. They are kept as they came, and a person must look."""
