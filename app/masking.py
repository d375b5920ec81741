"""What of a name or number may be shown where nobody asked to see it: enough to recognise, too little to use."""


def mask_name(name: str) -> str:
    """谢某某 → 谢**. The family name stays; of a single character nothing does."""
    name = name.strip()
    return f"{name[0]}{'*' * (len(name) - 1)}" if len(name) > 1 else "*" * len(name)


def mask_number(number: str) -> str:
    """A certificate number: four characters at either end of 16 or more, two of 9 or more, none of a short one."""
    return _masked(number, shown=4 if len(number) >= 16 else 2 if len(number) >= 9 else 0)


def mask_account(number: str) -> str:
    """An account or card number: the last four of 12 or more, as on a bank's slip; none of a short one."""
    shown = 4 if len(number) >= 12 else 0
    return "*" * (len(number) - shown) + number[len(number) - shown :]


def _masked(number: str, *, shown: int) -> str:
    hidden = len(number) - 2 * shown
    return f"{number[:shown]}{'*' * hidden}{number[len(number) - shown :]}"
