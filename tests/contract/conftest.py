import pytest

from app.adapters.contract import AssetQueryOrder
from app.adapters.scaffold import ORDER


@pytest.fixture(scope="session")
def order() -> AssetQueryOrder:
    """About nobody who exists."""
    return ORDER
