"""A room's nameplate says what the room is, stands on, publishes and answers; the code must agree."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

from . import tree

KEYS = {"name", "title", "title_en", "pillar", "owner", "kernel", "publishes", "consumes"}
EVENT_TYPE = re.compile(r"[a-z_]+\.[a-z_]+\.v[1-9][0-9]*\Z")
ALWAYS = (
    "service.toml",
    "README.md",
    "apps.py",
    "models.py",
    "operations.py",
    "queries.py",
    "events.py",
    "demo.py",
    "tests",
)


def kernel_parts_used(folder: Path, package: Path) -> set[str]:
    used = set()
    for path in tree.modules(folder):
        for name, _line in tree.imported_modules(tree.parse(path), tree.package_of(path, package)):
            if name.startswith("tepian.kernel."):
                used.add(name.split(".")[2])
        for node in ast.walk(tree.parse(path)):  # a foreign key by name stands on that part, too; models are `city`'s
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("city."):
                part = MODEL_PARTS.get(node.value.partition(".")[2])
                if part:
                    used.add(part)
    tags = {path.stem for path in (package / "kernel" / "templatetags").glob("[a-z]*.py")}
    for path in folder.rglob("templates/**/*.html"):
        for loaded in re.findall(r"{%\s*load\s+([^%]+)%}", path.read_text(encoding="utf-8")):
            used |= tags & set(loaded.split())
    return used


def model_parts(package: Path = tree.PACKAGE) -> dict[str, str]:
    """Model name → kernel part."""
    found = {}
    for path in (package / "kernel").rglob("*.py"):
        if path.name == "models.py" or "models" in path.parts:
            part = path.relative_to(package / "kernel").parts[0]
            for node in tree.parse(path).body:
                if isinstance(node, ast.ClassDef):
                    found[node.name] = part
    return found


MODEL_PARTS = model_parts()


def event_types(folder: Path) -> dict[str, str]:
    """Event type → class name, from `type` in the classes of the room's events module."""
    found = {}
    files = [*folder.glob("events.py"), *folder.glob("events/*.py")]
    for path in files:
        for node in ast.walk(tree.parse(path)):
            if not isinstance(node, ast.ClassDef):
                continue
            for item in node.body:
                target = (
                    item.target
                    if isinstance(item, ast.AnnAssign)
                    else item.targets[0]
                    if isinstance(item, ast.Assign)
                    else None
                )
                if (
                    isinstance(target, ast.Name)
                    and target.id == "type"
                    and isinstance(item.value, ast.Constant)
                    and item.value.value
                ):
                    found[item.value.value] = node.name
    return found


def emitted_classes(folder: Path) -> set[str]:
    """Names of event classes built anywhere outside the events module (an event is built in order to be emitted)."""
    found = set()
    for path in tree.modules(folder):
        if path.stem == "events" or path.parent.name == "events":
            continue
        for node in ast.walk(tree.parse(path)):
            if isinstance(node, ast.Call):
                function = node.func
                found.add(function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", ""))
            elif isinstance(node, ast.Name):
                found.add(node.id)  # kept in a table and built from there
    return found


def answered_types(folder: Path) -> set[str]:
    """Event types in `@on("…")`. Written out, because rooms and journeys may not import another's class for it."""
    found = set()
    for path in tree.modules(folder):
        for node in ast.walk(tree.parse(path)):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", getattr(node.func, "attr", "")) == "on"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                found.add(node.args[0].value)
    return found


def problems(room: tree.Room, package: Path = tree.PACKAGE) -> list[str]:
    name, plate = room.name, room.plate
    if not plate:
        return [f"{name}: no service.toml"]
    found = [f"{name}: service.toml lacks {key}" for key in sorted(KEYS - plate.keys())]
    found += [f"{name}: service.toml has the unknown key {key}" for key in sorted(plate.keys() - KEYS)]
    if found:
        return found
    if plate["name"] != name:
        found.append(f"{name}: the nameplate says {plate['name']}")
    if plate["pillar"] not in tree.PILLARS:
        found.append(f"{name}: unknown pillar {plate['pillar']}")
    found += [f"{name}: {key} is empty" for key in ("title", "title_en", "owner") if not plate[key].strip()]
    used = kernel_parts_used(room.folder, package)
    if set(plate["kernel"]) != used:
        found.append(f"{name}: stands on {sorted(used)}, the nameplate says {sorted(plate['kernel'])}")
    types = event_types(room.folder)
    if set(plate["publishes"]) != set(types):
        found.append(f"{name}: defines {sorted(types)}, the nameplate publishes {sorted(plate['publishes'])}")
    for event_type, class_name in types.items():
        if not EVENT_TYPE.match(event_type) or not event_type.startswith(f"{name}."):
            found.append(f"{name}: {event_type} is not {name}.past_participle.vN")
        if class_name not in emitted_classes(room.folder):
            found.append(f"{name}: {event_type} ({class_name}) is never emitted")
    answered = answered_types(room.folder)
    if set(plate["consumes"]) != answered:
        found.append(f"{name}: answers {sorted(answered)}, the nameplate consumes {sorted(plate['consumes'])}")
    return found


def missing_files(room: tree.Room) -> list[str]:
    """A module may have become a package with the same door."""
    return [
        f"{room.name}: no {wanted}"
        for wanted in ALWAYS
        if not (room.folder / wanted).exists()
        and not (room.folder / wanted.removesuffix(".py") / "__init__.py").exists()
    ]


def test_every_nameplate_agrees_with_the_code():
    found = [problem for room in tree.rooms() for problem in problems(room)]
    assert not found, "\n".join(found)


def test_every_room_has_what_a_room_always_has():
    found = [problem for room in tree.rooms() for problem in missing_files(room)]
    assert not found, "\n".join(found)


def test_every_consumed_event_is_published_by_somebody():
    published = {event for room in tree.rooms() for event in event_types(room.folder)}
    for part in (tree.PACKAGE / "kernel").iterdir():
        published |= set(event_types(part)) if part.is_dir() else set()
    answered = {
        (event, tree.shown(folder))
        for folder in (
            tree.PACKAGE / "services",
            tree.PACKAGE / "journeys",
            tree.PACKAGE / "kernel",
            tree.PACKAGE / "portal",
        )
        for event in answered_types(folder)
    }
    assert not [
        f"{where} answers {event}, which nobody publishes"
        for event, where in sorted(answered)
        if event not in published
    ]


def test_a_false_nameplate_is_found(tmp_path):
    folder = tmp_path / "services" / "tides"
    folder.mkdir(parents=True)
    (folder / "service.toml").write_text(
        textwrap.dedent("""
        name = "tide"
        title = "Pasang"
        title_en = "Tides"
        pillar = "sea"
        owner = "bpbd"
        kernel = ["maps"]
        publishes = ["tides.tide_rose.v1", "tides.tide_fell.v1"]
        consumes = ["sensors.level_changed.v1"]
    """)
    )
    (folder / "events.py").write_text('class TideRose:\n    type = "tides.tide_rose.v1"\n')
    (folder / "operations.py").write_text("from tepian.kernel.actors import Actor\n")
    [room] = tree.rooms(tmp_path)
    found = "\n".join(problems(room, tmp_path))
    for sign in (
        "says tide",
        "unknown pillar sea",
        "stands on ['actors']",
        "the nameplate publishes",
        "never emitted",
        "answers []",
    ):
        assert sign in found
    assert "tides: no README.md" in missing_files(room)
