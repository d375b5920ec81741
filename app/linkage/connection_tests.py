"""Is an agency there, is it who it says it is, and does it speak our protocol? Asked with a harmless status query."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from time import perf_counter

from app.adapters.contract import Adapter, StatusReport
from app.adapters.transports.wire_errors import MaybeSent, NeverSent
from app.errors import AgencyUnavailable, ExchangeError, MalformedAnswer, OutcomeUnknown
from app.ids import new_id
from app.vocabulary import RequestStatus


class Finding(StrEnum):
    """How far the test came."""

    WELL = "well"
    UNREACHABLE = "unreachable"
    NO_ANSWER = "no_answer"
    AGENCY_BUSY = "agency_busy"
    REFUSED = "refused"
    ANSWER_NOT_SIGNED = "answer_not_signed"
    ANSWER_NOT_UNDERSTOOD = "answer_not_understood"
    ANSWER_UNEXPECTED = "answer_unexpected"


TEXTS: dict[Finding, tuple[str, str]] = {
    Finding.WELL: (
        "Reached, its signature is good, and it rightly knows nothing of a request that was never sent.",
        "连通正常，签名有效，协议应答正确。",
    ),
    Finding.UNREACHABLE: (
        "No connection: check the address, the name service, the firewall and, for https, the certificate.",
        "无法建立连接：请检查地址、域名解析、防火墙，以及 https 证书。",
    ),
    Finding.NO_ANSWER: (
        "Connected, but no whole answer came back in time.",
        "已连接，但未在时限内收到完整应答。",
    ),
    Finding.AGENCY_BUSY: (
        "It answers that it cannot serve now, or fails on the request.",
        "对方答复暂时无法服务，或处理出错。",
    ),
    Finding.REFUSED: (
        "It refuses the message: check that it has the hub's public key, and its path.",
        "对方拒收报文：请确认对方已登记本平台公钥，并核对接口路径。",
    ),
    Finding.ANSWER_NOT_SIGNED: (
        "It answers, but without a good signature of a key registered here.",
        "对方已应答，但没有以本平台登记的公钥对应的有效签名。",
    ),
    Finding.ANSWER_NOT_UNDERSTOOD: (
        "It answers, but not in the protocol.",
        "对方已应答，但内容不符合协议。",
    ),
    Finding.ANSWER_UNEXPECTED: (
        "It answers in the protocol, but claims to know a request that was never sent.",
        "对方应答符合协议，但声称知道一个从未发出的请求。",
    ),
}


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    finding: Finding
    latency: timedelta
    reason: str
    """What the transport or the dialect said; nothing personal can be in it."""


async def probe(adapter: Adapter) -> ConnectionTest:
    """Ask for the status of a request that nobody knows. Changes nothing at the agency; no transaction is open."""
    message = adapter.dialect.encode_status_query(new_id())
    began = perf_counter()
    try:
        reply = await adapter.transport.exchange(message, attempt=1)
        decoded = adapter.decode_reply(message, reply)
    except ExchangeError as error:
        finding, reason = _finding(error), error.reason
    else:
        rightly = isinstance(decoded, StatusReport) and decoded.status is RequestStatus.UNKNOWN_REQUEST
        finding, reason = Finding.WELL if rightly else Finding.ANSWER_UNEXPECTED, ""
    return ConnectionTest(finding, timedelta(seconds=perf_counter() - began), reason)


def _finding(error: ExchangeError) -> Finding:
    beneath = error.__cause__ or error.__context__
    match error:
        case AgencyUnavailable() if isinstance(beneath, NeverSent):
            return Finding.UNREACHABLE
        case AgencyUnavailable() if isinstance(beneath, MaybeSent):
            return Finding.NO_ANSWER
        case AgencyUnavailable():
            return Finding.AGENCY_BUSY
        case OutcomeUnknown():
            return Finding.ANSWER_NOT_SIGNED
        case MalformedAnswer():
            return Finding.ANSWER_NOT_UNDERSTOOD
        case _:
            return Finding.REFUSED
