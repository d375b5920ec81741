"""What a bank reports (domain-reference §2.1, §6.3)."""

from typing import Annotated, Literal

from pydantic import Field

from app.adapters.facts import (
    Currency,
    Day,
    Fact,
    Few,
    Flag,
    Instant,
    Money,
    PriorFreeze,
    PriorityRight,
    Quantity,
    Reported,
    Text,
)
from app.vocabulary import AccountNature, AssetKind


class SubAccount(Fact):
    account_number: Text
    account_class: Text | None = None
    currency: Currency = "CNY"
    balance: Money | None = None
    available_balance: Money | None = None


class Transaction(Fact):
    """往来资金."""

    serial_number: Text
    booked_at: Instant
    direction: Literal["debit", "credit"]
    amount: Money
    currency: Currency = "CNY"
    counterparty_name: Text | None = None
    counterparty_account: Text | None = None
    counterparty_bank: Text | None = None
    kind: Text | None = None


class BankAccount(Reported):
    kind: Literal[AssetKind.BANK_ACCOUNT] = AssetKind.BANK_ACCOUNT
    account_number: Text
    card_number: Text | None = None
    account_type: Text
    nature: AccountNature = AccountNature.ORDINARY
    status: Literal["active", "dormant", "restricted", "closed"]
    currency: Currency = "CNY"
    balance: Money
    available_balance: Money
    branch: Text
    branch_code: Text | None = None
    opened_on: Day | None = None
    closed_on: Day | None = None
    linked_fund_account: Text | None = None
    co_holders: Annotated[tuple[Text, ...], Few] = ()
    sub_accounts: Annotated[tuple[SubAccount, ...], Few] = ()
    prior_freezes: Annotated[tuple[PriorFreeze, ...], Few] = ()
    priority_rights: Annotated[tuple[PriorityRight, ...], Few] = ()
    transactions: Annotated[tuple[Transaction, ...], Field(max_length=20_000)] = ()


class WealthProduct(Reported):
    """金融理财产品; its return account is frozen first, then the product."""

    kind: Literal[AssetKind.WEALTH_PRODUCT] = AssetKind.WEALTH_PRODUCT
    product_number: Text
    product_name: Text
    product_account: Text
    return_account: Text | None = None
    manager: Text | None = None
    custodian: Text | None = None
    sold_by: Literal["own", "agency"] = "own"
    redeemable_through_bank: Flag = True
    restricted_until: Day | None = None
    pledgee: Text | None = None
    beneficiary: Text | None = None
    starts_on: Day | None = None
    redeemable_on: Day | None = None
    unit: Text | None = None
    unit_price: Quantity | None = None
    quantity: Quantity | None = None
    available_quantity: Quantity | None = None
    currency: Currency = "CNY"
    total_amount: Money
    prior_freezes: Annotated[tuple[PriorFreeze, ...], Few] = ()
    priority_rights: Annotated[tuple[PriorityRight, ...], Few] = ()
