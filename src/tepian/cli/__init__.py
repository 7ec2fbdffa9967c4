"""The `tepian` command line: `running` starts processes, `keeping` looks after an installation,
`telephone` stands beside an exchange, `statistics` looks at tables of figures, `residents` keeps the register,
`masterplan` reads a city's plan."""

from __future__ import annotations

import sys

from . import keeping, masterplan, residents, running, statistics, telephone
from .shared import app, console

__all__ = ["app", "keeping", "main", "masterplan", "residents", "running", "statistics", "telephone"]


def main() -> None:
    try:
        app()
    except Exception as error:
        # By name, so that the supervisor need not load the database layer.
        if type(error).__name__ not in {"OperationalError", "InterfaceError"}:
            raise
        console.print(f"The database cannot be used: {error}\nNothing was changed. Check that it runs, TEPIAN_DATABASE_URL, "
                      "and that `tepian migrate` has been run.", style="red", markup=False)  # fmt: skip
        sys.exit(1)
