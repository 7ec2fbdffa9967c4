"""CKAN as a WSGI application, and (`python ckan_site.py`) an empty table in its datastore, whose identifier is printed."""

from __future__ import annotations

import os
from contextlib import suppress

import redis
from ckan.cli import CKANConfigLoader
from ckan.config.middleware import make_app

application = make_app(CKANConfigLoader(os.environ["CKAN_INI"]).get_config())
COLUMNS = ("indicator", "time", "region", "age", "sex", "value", "status")


def table() -> str:
    """A resource as CKAN makes it, with an index on each column that is asked for. It is written past the search index
    (Solr), which the datastore does not ask."""
    from ckan import model
    from ckan.plugins import toolkit

    with application._wsgi_app.test_request_context():
        package = model.Package(name="bench", title="Bench")
        model.Session.add(package)
        model.Session.flush()
        resource = model.Resource(
            package_id=package.id, url="_datastore_only_resource", url_type="datastore", format="CSV",
            extras={"datastore_active": True},
        )  # fmt: skip
        model.Session.add(resource)
        model.Session.commit()
        with suppress(redis.ConnectionError):  # when the table is there, it tells its queue
            toolkit.get_action("datastore_create")(
                {"ignore_auth": True, "model": model, "session": model.Session, "user": ""},
                {
                    "resource_id": resource.id,
                    "force": True,
                    "fields": [{"id": name, "type": "numeric" if name == "value" else "text"} for name in COLUMNS],
                    "indexes": list(COLUMNS[:5]),
                },
            )
        return str(resource.id)


if __name__ == "__main__":
    print(table())
