"""Make the first administrator of an installation: every further account is made in the browser.

.venv/bin/python deploy/first_account.py USERNAME "Display name" [POSITION]

Run it with the same environment as the service (TEPIAN_HOME, TEPIAN_DATABASE_URL), after a city pack was loaded. The
password is shown once and must be changed at the first sign-in. The record says who made the account: the system.
"""

from __future__ import annotations

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tepian.settings.base")


def main(username: str, name: str, position: str = "diskominfo.administrator") -> None:
    import django

    django.setup()
    from tepian.kernel.actors import system
    from tepian.kernel.identity.operations import create_account
    from tepian.kernel.organisations.models import Position

    post = Position.objects.filter(code=position).first()
    if post is None:
        sys.exit(f"There is no position {position}. Nothing was changed. The posts are in the pack's positions.toml.")
    _account, password = create_account(actor=system("deploy"), username=username, display_name=name, position=post)
    print(f"{username} holds {position}. Password, shown once: {password}")


if __name__ == "__main__":
    if len(sys.argv) not in {3, 4}:
        sys.exit(__doc__)
    main(*sys.argv[1:])
