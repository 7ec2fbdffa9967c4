"""The committed reference is what the code says, and everything in it is explained."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

import pytest

from . import tree


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", tree.REPOSITORY / "dev" / "reference.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_not_stale(reference):
    assert not reference.stale(), "run `make reference`"


def test_a_stale_page_is_found(reference, tmp_path):
    for name, text in reference.generate().items():
        (tmp_path / name).write_text(text)
    assert not reference.stale(tmp_path)
    page = tmp_path / "settings.md"
    page.write_text(page.read_text().replace("TEPIAN_PORT", "TEPIAN_HARBOUR"))
    (tmp_path / "api.md").unlink()
    assert reference.stale(tmp_path) == ["settings.md", "api.md"]


def test_every_setting_and_event_is_explained(reference):
    from tepian.kernel.events.definition import EVENT_TYPES
    from tepian.settings.knobs import Knobs

    reference.generate()
    assert not [name for name, field in Knobs.model_fields.items() if not field.description]
    assert not [
        name
        for name, cls in EVENT_TYPES.items()
        if reference.ours(cls.__module__) and (not cls.__doc__ or cls.__doc__.startswith(f"{cls.__name__}("))
    ]


def test_every_operation_is_named_after_its_room_and_has_a_readable_policy(reference):
    complaints = []
    for name, policy, where in reference.operations():
        layer, owner = where.split(".")[:2]
        if name.split(".")[0] != owner and not (
            layer == "kernel" and (tree.PACKAGE / layer / name.split(".")[0]).is_dir()
        ):
            complaints.append(f"{where}: {name} is not named {owner}.verb")
        if policy.startswith("`"):
            complaints.append(
                f"{where}: the policy {policy} of {name} says neither in a docstring nor in a refusal who may"
            )
    assert not complaints, "\n".join(complaints)


def test_promises_name_tests_and_benchmarks_that_exist():
    page = tree.REPOSITORY / "docs" / "reference" / "promises.md"
    missing = []
    for target in re.findall(r"`((?:tests|bench|src)/[\w./-]+)(?:::([\w\[\]-]+))?`", page.read_text()):
        path = tree.REPOSITORY / target[0]
        if not path.exists() or (target[1] and f"def {target[1]}" not in path.read_text()):
            missing.append("::".join(filter(None, target)))
    assert not missing, missing
