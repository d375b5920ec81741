"""The audiences by which the API document is ordered."""

from enum import StrEnum


class Tag(StrEnum):
    """Who an operation is for."""

    COURT = "法院 Court"
    AGENCY = "协助执行单位 Agency"
    AUDIT = "审计 Audit"
    OPERATIONS = "运维 Operations"
    ADMINISTRATION = "管理 Administration"
    SYSTEM = "系统 System"
