"""The second act: what was found is frozen, ranked, renewed, taken and released, and all of it proved."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from rich.table import Table

from app.sandbox.demo_steps import Stage, gist, run_program

_ACCOUNT = {
    "name": "河南省柘城县人民法院执行款专户",
    "number": "41990000000000099999",
    "bank": "柘城农商银行",
    "bank_code": "402506000001",
}
_HOUSE_IS_WORTH = "60000.00"
_CAR_IS_WORTH = "12000.00"
_NEEDS = {"monthly_standard": "200.00", "persons": 1, "months": 1}


@dataclass
class MeasuresDemo:
    stage: Stage

    def play(self) -> None:
        """Plan, freeze, wait behind another court, be promoted, renew, transfer."""
        self.stage.console.rule("控制 · Control")
        house = self._asset("LAND-ZC", "real_estate")
        rival = self.stage.fleet.other_court_freezes("LAND-ZC", self._unit_number(house))
        plan = self._plan(house)
        self._freeze_all(plan)
        self._show("冻结结果：另一法院在先查封房屋 · another court is ahead on the house")
        self.stage.fleet.other_court_releases("LAND-ZC", rival)
        self.stage.until("house is promoted", lambda: self._freeze_of("real_estate")["state"] == "in_force")
        self._show("另一法院解除后，轮候自动生效 · promoted when the other court released")
        self._renew()
        self._transfer()

    def conclude(self, data_dir: Path) -> None:
        """The claim is settled, so everything goes free by itself; the case is closed and the certificate drawn."""
        self.stage.console.rule("解除 · Release")
        self.stage.until("everything is released", self._nothing_live)
        self._show("履行完毕即全部解除 · payment in full released everything")
        self.stage.court.post(f"/v1/cases/{self.stage.case_id}/closure", {"reason": "履行完毕"})
        self._certify(data_dir)

    def _asset(self, agency_code: str, kind: str) -> dict[str, Any]:
        return next(asset for asset in self._assets(kind=kind) if asset["agency_code"] == agency_code)

    def _assets(self, **filters: str) -> Iterable[dict[str, Any]]:
        return self.stage.court.pages(f"/v1/cases/{self.stage.case_id}/assets", **filters)

    def _unit_number(self, house: dict[str, Any]) -> str:
        """In full, which an officer has to give a reason for."""
        disclosed = self.stage.court.post(
            f"/v1/cases/{self.stage.case_id}/assets/disclosure",
            {"officer": self.stage.officer, "reason": "核对不动产单元号", "asset_ids": [house["id"]]},
        )
        number: str = disclosed["items"][0]["facts"]["unit_number"]
        return number

    def _plan(self, house: dict[str, Any]) -> dict[str, Any]:
        """The least-harm plan, explained line by line."""
        car = self._asset("VEHICLE-ZC", "vehicle")
        appraisals = [
            {"asset_id": house["id"], "estimated_value": _HOUSE_IS_WORTH},
            {"asset_id": car["id"], "estimated_value": _CAR_IS_WORTH},
        ]
        plan: dict[str, Any] = self.stage.court.post(
            f"/v1/cases/{self.stage.case_id}/freeze-plans",
            {"circumstances": _NEEDS, "appraisals": appraisals},
        )
        self.stage.console.print("最小损害方案 · least-harm plan")
        names = {asset["id"]: f"{asset['agency_code']} {gist(asset)}" for asset in self._assets()}
        for line in plan["lines"]:
            for text in (line["zh"], line["en"]):
                shown = reduce(lambda told, known: told.replace(*known), names.items(), text)
                self.stage.console.print(f"  {shown}", markup=False, highlight=False)
        return plan

    def _freeze_all(self, plan: dict[str, Any]) -> None:
        """Order what the officer signs: the plan as it stands, with its digest."""
        order = self.stage.court.post(
            "/v1/freeze-orders",
            {
                **self._signed("freeze_notice", "控制被执行人财产"),
                "case_id": self.stage.case_id,
                "things": plan["things"],
                "circumstances": _NEEDS,
                "plan_sha256": plan["sha256"],
            },
        )
        self._approve(order)
        self.stage.until("every freeze is answered", self._all_answered)

    def _renew(self) -> None:
        freeze = self._account_in_force()
        before = freeze["ends_at"]
        order = self.stage.court.post(
            f"/v1/freezes/{freeze['id']}/renewals",
            {**self._signed("freeze_notice", "续行冻结"), "term": {"years": 1}},
        )
        self._approve(order)
        self.stage.until("the end moves", lambda: self._read(freeze["id"])["ends_at"] != before)
        after = self._read(freeze["id"])["ends_at"]
        self.stage.console.print(f"续冻 · renewed: {before[:10]} → {after[:10]}")

    def _transfer(self) -> None:
        freeze = self._account_in_force()
        order = self.stage.court.post(
            f"/v1/freezes/{freeze['id']}/transfers",
            {
                **self._signed("enforcement_notice", "扣划至执行款专户"),
                "amount": freeze["held"],
                "account": _ACCOUNT,
            },
        )
        self._approve(order)
        self.stage.until(
            "the money is there", lambda: self._read(freeze["id"])["transferred"] == freeze["held"]
        )
        claim = self.stage.court.get(f"/v1/cases/{self.stage.case_id}/claim")
        self.stage.console.print(
            f"扣划 · transferred {freeze['held']}; 尚欠 still owed {claim['outstanding']['total']}"
        )

    def _certify(self, data_dir: Path) -> None:
        certificate, key = data_dir / "release.json", data_dir / "hub.pem"
        certificate.write_bytes(
            self.stage.court.post_for_bytes(f"/v1/cases/{self.stage.case_id}/release-certificates")
        )
        key.write_text(run_program(data_dir, "-m", "app.cli", "keys", "public"))
        said = run_program(
            data_dir, "-m", "app.cli", "certificate", "verify", str(certificate), "--key", str(key)
        )
        self.stage.console.print(
            f"解除控制证明 · certificate of release: {said.splitlines()[-1]}", markup=False
        )

    # What the steps above share --------------------------------------------------------------------------------

    def _signed(self, notice: str, purpose: str) -> dict[str, Any]:
        return {
            "officer": self.stage.officer,
            "purpose": purpose,
            "documents": [self.stage.papers["ruling"], self.stage.papers[notice]],
        }

    def _approve(self, order: dict[str, Any]) -> None:
        decision = {"officer": self.stage.approver, "approve": True, "note": "同意"}
        self.stage.court.post(f"/v1/measures/{order['id']}/decision", decision)

    def _freezes(self) -> list[dict[str, Any]]:
        return list(self.stage.court.pages(f"/v1/cases/{self.stage.case_id}/freezes"))

    def _read(self, freeze_id: str) -> dict[str, Any]:
        freeze: dict[str, Any] = self.stage.court.get(f"/v1/freezes/{freeze_id}")
        return freeze

    def _freeze_of(self, kind: str) -> dict[str, Any]:
        return next(freeze for freeze in self._freezes() if freeze["thing"]["kind"] == kind)

    def _account_in_force(self) -> dict[str, Any]:
        """The one that holds most."""
        candidates = [
            freeze
            for freeze in self._freezes()
            if freeze["thing"]["kind"] == "account" and freeze["state"] == "in_force"
        ]
        return max(candidates, key=lambda freeze: float(freeze["held"] or 0))

    def _all_answered(self) -> bool:
        freezes = self._freezes()
        return bool(freezes) and all(freeze["state"] != "ordered" for freeze in freezes)

    def _nothing_live(self) -> bool:
        live = {"ordered", "in_force", "waiting", "unknown"}
        return not any(freeze["state"] in live for freeze in self._freezes())

    def _show(self, title: str) -> None:
        table = Table(title=title)
        for heading in ("单位 Agency", "财产 Thing", "状态 State", "顺位 Rank", "实控 Held", "到期 Ends"):
            table.add_column(heading)
        for freeze in self._freezes():
            table.add_row(
                freeze["agency_code"],
                f"{freeze['thing']['kind']} {freeze['thing']['name']}",
                freeze["state"],
                str(freeze["rank"] or ""),
                freeze["held"] or "",
                (freeze["ends_at"] or "")[:10],
            )
        self.stage.console.print(table)
