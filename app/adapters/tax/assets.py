"""What a tax office reports: what it owes the debtor, and who else may owe him something (DOMAIN §4)."""

from decimal import Decimal
from typing import Annotated, Literal

from app.adapters.facts import Day, Fact, Few, Money, Reported, Text
from app.vocabulary import AssetKind


class TaxPayment(Fact):
    tax: Text
    period: Text
    amount: Money


class Invoice(Fact):
    """An invoice; what its counterparty owes may be a receivable of the debtor."""

    invoice_number: Text
    direction: Literal["issued", "received"]
    counterparty_name: Text
    counterparty_number: Text | None = None
    amount: Money
    issued_on: Day


class RegisteredAccount(Fact):
    bank: Text
    account_number: Text


class TaxRecord(Reported):
    kind: Literal[AssetKind.TAX_RECORD] = AssetKind.TAX_RECORD
    taxpayer_number: Text
    registration_status: Text
    tax_office: Text
    registered_on: Day | None = None
    refund_due: Money = Decimal(0)
    arrears: Money = Decimal(0)
    payments: Annotated[tuple[TaxPayment, ...], Few] = ()
    invoices: Annotated[tuple[Invoice, ...], Few] = ()
    registered_accounts: Annotated[tuple[RegisteredAccount, ...], Few] = ()
