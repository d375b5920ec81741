"""`python -m app.launched …`: as `liandong …`, and ended when whoever started it ends, however that ends.

The starter holds the other end of standard input: a closed terminal or a kill must not leave a hub behind that holds
its port.
"""

import os
import signal
import threading

from app import cli


def _end_with_parent() -> None:
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    cli.main()
