"""An embedded, real PostgreSQL in a folder, for machines where no server is configured.

`EmbeddedPostgres(folder).ensure_running()` and `leave()` are all that most callers need.
"""

from app.postgres.account import PostgresUnusable
from app.postgres.supervisor import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "PostgresUnusable"]
