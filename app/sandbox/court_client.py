"""A court's case-handling software, as small as it can be: it knows the hub's HTTP API and nothing else."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

_PAPER = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
_TITLES = {
    "query_notice": "协助查询财产通知书",
    "ruling": "执行裁定书",
    "freeze_notice": "协助冻结存款通知书",
    "enforcement_notice": "协助扣划通知书",
    "release_notice": "协助解除冻结通知书",
    "detention_decision": "拘留决定书",
    "summons": "拘传票",
}
_ATTEMPTS = 60


class Refused(Exception):
    """The hub said no; the text is its problem document."""


@dataclass
class CourtClient:
    """Takes a token when it needs one and sends again, under the same idempotency key, what got no answer."""

    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    _token: str = field(default="", repr=False)
    _http: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._http = httpx.Client(base_url=self.base_url, timeout=60)

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **parameters: Any) -> Any:
        return self._call("GET", path, params=parameters)

    def post(self, path: str, body: Any) -> Any:
        return self._call("POST", path, json=body, headers={"Idempotency-Key": str(uuid4())})

    def patch(self, path: str, body: Any) -> Any:
        return self._call("PATCH", path, json=body)

    def post_for_bytes(self, path: str) -> bytes:
        """What a POST without a body gives, byte for byte."""
        return self._respond("POST", path, headers={"Idempotency-Key": str(uuid4())}).content

    def post_lines(self, path: str, lines: list[str]) -> Any:
        headers = {"Idempotency-Key": str(uuid4()), "Content-Type": "application/x-ndjson"}
        return self._call("POST", path, content="\n".join(lines).encode(), headers=headers)

    def file_paper(self, case_id: str, case_number: str, kind: str = "query_notice") -> Any:
        """A paper of the case: a notice of assistance in query (协助查询通知书), a ruling, …."""
        facts = {
            "kind": kind,
            "title": _TITLES[kind],
            "document_number": f"{case_number}之一",
            "issued_on": "2018-03-06",
        }
        return self._call(
            "POST",
            f"/v1/cases/{case_id}/documents",
            data=facts,
            files={"file": ("paper.pdf", _PAPER + f"{kind} {case_number}".encode(), "application/pdf")},
            headers={"Idempotency-Key": str(uuid4())},
        )

    def pages(self, path: str, **parameters: Any) -> Iterator[Any]:
        after: dict[str, str] = {}
        while True:
            page = self.get(path, limit=200, **parameters, **after)
            yield from page["items"]
            if not page["next"]:
                return
            after = {"after": page["next"]}

    def _call(self, method: str, path: str, **rest: Any) -> Any:
        return self._respond(method, path, **rest).json()

    def _respond(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **rest: Any
    ) -> httpx.Response:
        for attempt in range(_ATTEMPTS):
            try:
                response = self._http.request(
                    method, path, headers={**(headers or {}), **self._bearer()}, **rest
                )
            except httpx.TransportError:
                time.sleep(min(0.1 * 2**attempt, 1.0))
                continue
            if response.status_code in {429, 503} or _still_running(response):
                time.sleep(min(0.1 * 2**attempt, 1.0))
            elif response.status_code == 401:
                self._token = ""
            elif response.is_success:
                return response
            else:
                raise Refused(f"{method} {path}: {response.status_code} {response.text}")
        raise Refused(f"{method} {path}: no answer")

    def _bearer(self) -> dict[str, str]:
        if not self._token:
            reply = self._http.post(
                "/oauth/token",
                data={"grant_type": "client_credentials"},
                auth=(self.client_id, self.client_secret),
            )
            if not reply.is_success:
                raise Refused(f"/oauth/token: {reply.status_code}")
            self._token = reply.json()["access_token"]
        return {"Authorization": f"Bearer {self._token}"}


def _still_running(response: httpx.Response) -> bool:
    return response.status_code == 409 and response.json().get("code") == "idempotency_in_progress"
