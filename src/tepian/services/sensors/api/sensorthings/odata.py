"""`$filter` and `$orderby` as Django expressions.

The grammar is odata-query's; what it parses is translated here, with a type for every part, so that a comparison that
makes no sense is refused in words and never reaches the database.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Exists, F, FloatField, Func, IntegerField, OuterRef, Q, Value, lookups
from django.db.models import expressions as dj
from django.db.models import functions as fn
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from odata_query import ast, exceptions, grammar

from tepian.kernel.actors import Invalid

from ...states import to_ms

MAX_LENGTH = 2000
MAX_DEPTH = 40
MAX_INT = 2**63 - 1
# SensorThings knows functions that plain OData does not.
grammar.ODATA_FUNCTIONS.update({"substringof": 2, "st_within": 2, "st_intersects": 2, "st_equals": 2, "st_distance": 2})

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Typed:
    """An expression and what it is: num, str, time (ms since 1970), bool, geo or null.

    `geo` carries a literal geometry; a position's `expr` is the pair of its longitude and latitude."""

    expr: Any
    kind: str
    geo: Any = None


def bad(message: Any, item: str = "", field: str = "$filter") -> Invalid:
    return Invalid(message, code="bad_query", field=field, item=item[:120])


def parse(text: str, field: str = "$filter") -> Any:
    """The syntax tree of an expression; raises `Invalid`."""
    if len(text) > MAX_LENGTH:
        raise bad(_("The expression is too long."), field=field)
    # @iot.id is the entity's id; outside of quotes only.
    parts = re.split(r"('(?:[^']|'')*')", text)
    text = "".join(part if i % 2 else part.replace("@iot.id", "id") for i, part in enumerate(parts))
    try:
        tree = grammar.ODataParser().parse(grammar.ODataLexer().tokenize(text))
    except exceptions.ODataException as error:
        raise bad(
            format_lazy(_("The expression cannot be read: {detail}"), detail=str(error)[:200]), text, field
        ) from None
    except (RecursionError, ValueError, AttributeError, TypeError, KeyError, IndexError):
        tree = None
    if tree is None:
        raise bad(
            _("The expression cannot be read. Example: result gt 2.5 and phenomenonTime ge 2026-01-01T00:00:00Z"),
            text,
            field,
        )
    return tree


class _Calendar(Func):
    """A part of a date from milliseconds since 1970, in UTC."""

    output_field = IntegerField()
    FORMATS = {"year": "%%Y", "month": "%%m", "day": "%%d", "hour": "%%H", "minute": "%%M", "second": "%%S"}

    def __init__(self, expression: Any, part: str) -> None:
        super().__init__(expression)
        self.part = part

    def as_sqlite(self, compiler: Any, connection: Any, **kwargs: Any) -> Any:
        template = f"CAST(strftime('{self.FORMATS[self.part]}', %(expressions)s / 1000, 'unixepoch') AS INTEGER)"
        return self.as_sql(compiler, connection, template=template)

    def as_postgresql(self, compiler: Any, connection: Any, **kwargs: Any) -> Any:
        template = (
            f"FLOOR(EXTRACT({self.part.upper()} FROM to_timestamp((%(expressions)s) / 1000.0) AT TIME ZONE 'UTC'))::int"
        )
        return self.as_sql(compiler, connection, template=template)


class Translator:
    """Walks a syntax tree over one entity type. `resolve(path)` gives the `Typed` of a property path, or raises."""

    def __init__(self, entity: Any) -> None:
        self.entity = entity
        self.scopes: set[str] = set()

    def condition(self, tree: Any) -> Any:
        """The tree as something that `filter()` takes."""
        return self._bool(tree, 0)

    # --- truth ---

    def _bool(self, node: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise bad(_("The expression is nested too deeply."))
        if isinstance(node, ast.BoolOp):
            left, right = self._bool(node.left, depth + 1), self._bool(node.right, depth + 1)
            return Q(left) & Q(right) if isinstance(node.op, ast.And) else Q(left) | Q(right)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return ~Q(self._bool(node.operand, depth + 1))
        if isinstance(node, ast.Compare):
            return self._compare(node, depth)
        if isinstance(node, ast.CollectionLambda):
            return self._lambda(node, depth)
        typed = self._value(node, depth)
        if typed.kind != "bool":
            raise bad(_("The expression does not say true or false."))
        if isinstance(typed.expr, bool):
            return Q(Value(typed.expr, output_field=BooleanField()))
        return typed.expr

    def _compare(self, node: ast.Compare, depth: int) -> Any:
        if isinstance(node.comparator, ast.In):
            left = self._value(node.left, depth + 1)
            if not isinstance(node.right, ast.List) or len(node.right.val) > 500:
                raise bad(_("After “in” stands a list in brackets."))
            condition = Q()
            for item in node.right.val:
                condition |= Q(self._pair(lookups.Exact, left, self._value(item, depth + 1)))
            return condition
        left, right = self._value(node.left, depth + 1), self._value(node.right, depth + 1)
        if "null" in (left.kind, right.kind):
            other = right if left.kind == "null" else left
            if not isinstance(node.comparator, ast.Eq | ast.NotEq):
                raise bad(_("Null can only be compared with eq and ne."))
            if other.kind == "null":
                return Q(Value(isinstance(node.comparator, ast.Eq), output_field=BooleanField()))
            return Q(lookups.IsNull(self._plain(other), isinstance(node.comparator, ast.Eq)))
        if isinstance(node.comparator, ast.NotEq):
            return ~Q(self._pair(lookups.Exact, left, right))
        kinds: dict[type, Any] = {
            ast.Eq: lookups.Exact,
            ast.Lt: lookups.LessThan,
            ast.LtE: lookups.LessThanOrEqual,
            ast.Gt: lookups.GreaterThan,
            ast.GtE: lookups.GreaterThanOrEqual,
        }
        return Q(self._pair(kinds[type(node.comparator)], left, right))

    def _pair(self, lookup: Any, left: Typed, right: Typed) -> Any:
        kinds = {left.kind, right.kind}
        if len(kinds) != 1 or "geo" in kinds:
            raise bad(
                _(
                    "The two sides of a comparison are of different kinds: text in quotes, numbers "
                    "without, times as 2026-01-01T00:00:00Z."
                )
            )
        return lookup(self._plain(left), self._plain(right))

    @staticmethod
    def _plain(typed: Typed) -> Any:
        value = typed.expr
        if isinstance(value, bool):
            return Value(value, output_field=BooleanField())
        return value if hasattr(value, "resolve_expression") else Value(value)

    def _lambda(self, node: ast.CollectionLambda, depth: int) -> Any:
        if not isinstance(node.operator, ast.Any) or node.lambda_ is None:
            raise bad(_("Of the collection functions only any(x: …) is known."))
        path = self._path(node.owner)
        target = self.entity.many_target(path)
        if target is None:
            raise bad(_("any(…) needs a collection such as Datastreams."), "/".join(path))
        inner = Translator(target[0])
        inner.scopes = {node.lambda_.identifier.name}
        queryset = target[0].base().filter(**{target[1]: OuterRef("pk")})
        return Q(Exists(queryset.filter(inner._bool(node.lambda_.expression, depth + 1))))

    # --- values ---

    def _path(self, node: Any) -> tuple[str, ...]:
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.owner
        if not isinstance(node, ast.Identifier):
            raise bad(_("This is not a property."))
        if node.name not in self.scopes:
            names.append(node.name)
        if not names or len(names) > 8:
            raise bad(_("This is not a property."), "/".join(names))
        return tuple(reversed(names))

    def _value(self, node: Any, depth: int) -> Typed:
        if depth > MAX_DEPTH:
            raise bad(_("The expression is nested too deeply."))
        if isinstance(node, ast.Identifier | ast.Attribute):
            return self.entity.resolve(self._path(node))
        if isinstance(node, ast.Integer):
            number = int(node.val)
            if abs(number) > MAX_INT:
                raise bad(_("The number is too large."), node.val)
            return Typed(number, "num")
        if isinstance(node, ast.Float):
            real = float(node.val)
            if not math.isfinite(real):
                raise bad(_("The number is too large."), node.val)
            return Typed(real, "num")
        if isinstance(node, ast.String):
            if "\x00" in node.val:
                raise bad(_("The text holds a character that cannot be compared."))
            return Typed(node.val, "str")
        if isinstance(node, ast.Boolean):
            return Typed(node.val.lower() == "true", "bool")
        if isinstance(node, ast.Null):
            return Typed(None, "null")
        if isinstance(node, ast.DateTime | ast.Date):
            return Typed(self._moment(node.val), "time")
        if isinstance(node, ast.Duration):
            return Typed(self._duration(node), "num")
        if isinstance(node, ast.Geography):
            return Typed(None, "geo", self._geometry(node.val))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            operand = self._number(node.operand, depth)
            return Typed(-operand if isinstance(operand, int | float) else operand * Value(-1), "num")
        if isinstance(node, ast.BinOp):
            return self._arithmetic(node, depth)
        if isinstance(node, ast.Call):
            return self._call(node, depth)
        if isinstance(node, ast.Compare | ast.BoolOp):
            return Typed(self._bool(node, depth + 1), "bool")
        raise bad(_("The expression uses something that is not supported here."), type(node).__name__)

    @staticmethod
    def _moment(text: str) -> int:
        try:
            moment = datetime.fromisoformat(text)
            return to_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        except (ValueError, OverflowError):
            raise bad(_("The time cannot be read. Write it as 2026-01-01T00:00:00Z."), text) from None

    @staticmethod
    def _duration(node: ast.Duration) -> int:
        try:
            value = node.py_val
            if isinstance(value, timedelta):
                return int(value.total_seconds() * 1000)
        except (ValueError, OverflowError, TypeError, AttributeError):
            pass
        raise bad(_("The duration cannot be read."))

    @staticmethod
    def _geometry(text: str) -> Any:
        import shapely

        try:
            shape = shapely.from_wkt(text.split(";")[-1])
        except (shapely.errors.GEOSException, ValueError):
            shape = None
        if shape is None or shape.is_empty or not all(math.isfinite(bound) for bound in shape.bounds):
            raise bad(_("The geometry cannot be read. Example: geography'POINT(117.15 -0.50)'"), text)
        return shape

    def _number(self, node: Any, depth: int) -> Any:
        typed = self._value(node, depth + 1)
        if typed.kind != "num":
            raise bad(_("Here a number is needed."))
        return typed.expr

    def _text(self, node: Any, depth: int) -> Any:
        typed = self._value(node, depth + 1)
        if typed.kind != "str":
            raise bad(_("Here a text is needed."))
        return typed.expr if hasattr(typed.expr, "resolve_expression") else Value(typed.expr)

    def _arithmetic(self, node: ast.BinOp, depth: int) -> Typed:
        left, right = self._value(node.left, depth + 1), self._value(node.right, depth + 1)
        kind = "num"
        if "time" in (left.kind, right.kind) and isinstance(node.op, ast.Add | ast.Sub):
            # time ± duration is a time; time − time is a duration
            kind = "num" if left.kind == right.kind == "time" else "time"
        elif left.kind != "num" or right.kind != "num":
            raise bad(_("Only numbers can be calculated with."))
        if {left.kind, right.kind} - {"num", "time"}:
            raise bad(_("Only numbers can be calculated with."))
        a, b = self._real(left), self._real(right)
        if isinstance(node.op, ast.Div | ast.Mod):
            b = fn.NullIf(b, Value(0.0, output_field=FloatField()))
        operators = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
        if isinstance(node.op, ast.Mod):
            # a − b·trunc(a/b): the databases disagree about the remainder of reals
            quotient = dj.CombinedExpression(a, "/", b, output_field=FloatField())
            whole = fn.Sign(quotient) * fn.Floor(fn.Abs(quotient))
            result: Any = dj.CombinedExpression(
                a, "-", dj.CombinedExpression(b, "*", whole, output_field=FloatField()), output_field=FloatField()
            )
        else:
            result = dj.CombinedExpression(a, operators[type(node.op)], b, output_field=FloatField())
        return Typed(result, kind)

    @staticmethod
    def _real(typed: Typed) -> Any:
        if isinstance(typed.expr, int | float):
            return Value(float(typed.expr), output_field=FloatField())
        return fn.Cast(typed.expr, FloatField())

    # --- functions ---

    def _call(self, node: ast.Call, depth: int) -> Typed:
        name = ".".join((*node.func.namespace, node.func.name)) if node.func.namespace else node.func.name
        args = node.args
        if name in {"contains", "startswith", "endswith", "substringof"}:
            if name == "substringof":
                args = list(reversed(args))
            haystack, needle = self._text(args[0], depth), self._text(args[1], depth)
            if not isinstance(needle, Value):
                raise bad(_("The text to look for must be written in quotes."))
            # Not LIKE: the databases disagree about capitals there.
            if name == "endswith":
                condition: Any = (
                    lookups.Exact(fn.Right(haystack, len(needle.value)), needle)
                    if needle.value
                    else Q(Value(True, output_field=BooleanField()))
                )
            elif name == "startswith":
                condition = lookups.Exact(fn.StrIndex(haystack, needle), Value(1))
            else:
                condition = lookups.GreaterThan(fn.StrIndex(haystack, needle), Value(0))
            return Typed(condition, "bool")
        if name in {"tolower", "toupper", "trim"}:
            functions = {"tolower": fn.Lower, "toupper": fn.Upper, "trim": fn.Trim}
            return Typed(functions[name](self._text(args[0], depth)), "str")
        if name == "length":
            return Typed(fn.Length(self._text(args[0], depth)), "num")
        if name == "concat":
            return Typed(fn.Concat(self._text(args[0], depth), self._text(args[1], depth)), "str")
        if name == "indexof":
            return Typed(fn.StrIndex(self._text(args[0], depth), self._text(args[1], depth)) - Value(1), "num")
        if name == "substring":
            numbers = [self._literal(arg, depth) for arg in args[1:]]
            length = numbers[1] if len(numbers) > 1 else None
            return Typed(fn.Substr(self._text(args[0], depth), numbers[0] + 1, length), "str")
        if name in {"round", "floor", "ceiling"}:
            argument = self._value(args[0], depth + 1)
            if argument.kind != "num":
                raise bad(_("Here a number is needed."))
            return Typed({"round": fn.Round, "floor": fn.Floor, "ceiling": fn.Ceil}[name](self._real(argument)), "num")
        if name in _Calendar.FORMATS:
            return Typed(_Calendar(self._time(args[0], depth), name), "num")
        if name == "date":
            moment = self._time(args[0], depth)
            if isinstance(moment, Value):
                return Typed(moment.value // DAY_MS * DAY_MS, "time")
            day = dj.CombinedExpression(moment, "/", Value(DAY_MS), output_field=IntegerField())
            return Typed(dj.CombinedExpression(day, "*", Value(DAY_MS), output_field=IntegerField()), "time")
        if name == "now":
            return Typed(to_ms(datetime.now(UTC)), "time")
        if name in {"geo.distance", "st_distance"}:
            return self._distance(args, depth)
        if name in {"geo.intersects", "st_within", "st_intersects", "st_equals"}:
            return self._within(args, depth)
        raise bad(format_lazy(_("The function “{name}” is not supported here."), name=name), name)

    def _literal(self, node: Any, depth: int) -> int:
        number = self._number(node, depth)
        if not isinstance(number, int) or not 0 <= number <= 10_000:
            raise bad(_("Here a whole number is needed."))
        return number

    def _time(self, node: Any, depth: int) -> Any:
        typed = self._value(node, depth + 1)
        if typed.kind != "time":
            raise bad(_("Here a time is needed."))
        return Value(typed.expr) if isinstance(typed.expr, int) else typed.expr

    def _places(self, args: list[Any], depth: int) -> tuple[Typed, Any]:
        """(the entity's position, the literal geometry), in whichever order they were written."""
        first, second = self._value(args[0], depth + 1), self._value(args[1], depth + 1)
        if first.kind != "geo" or second.kind != "geo" or (first.expr is None) == (second.expr is None):
            raise bad(
                _(
                    "Geographic functions take the property location and a geometry such as "
                    "geography'POINT(117.15 -0.50)'."
                )
            )
        return (first, second.geo) if first.expr is not None else (second, first.geo)

    def _distance(self, args: list[Any], depth: int) -> Typed:
        place, shape = self._places(args, depth)
        if shape.geom_type != "Point":
            raise bad(_("Distances are measured to a POINT."))
        lon, lat = (F(name) if isinstance(name, str) else name for name in place.expr)
        x = dj.CombinedExpression(lon, "-", Value(shape.x, output_field=FloatField()), output_field=FloatField())
        y = dj.CombinedExpression(lat, "-", Value(shape.y, output_field=FloatField()), output_field=FloatField())
        squared = dj.CombinedExpression(
            dj.CombinedExpression(x, "*", x, output_field=FloatField()),
            "+",
            dj.CombinedExpression(y, "*", y, output_field=FloatField()),
            output_field=FloatField(),
        )
        return Typed(fn.Sqrt(squared), "num")

    def _within(self, args: list[Any], depth: int) -> Typed:
        """Stations are few: the geometry is tried on each here, and the database gets the list."""
        import shapely

        from ...models import Station

        place, shape = self._places(args, depth)
        inside = [
            (lon, lat)
            for lon, lat in Station.objects.values_list("lon", "lat")
            if shape.intersects(shapely.Point(lon, lat))
        ]
        condition = Q(Value(False, output_field=BooleanField()))
        lon_expr, lat_expr = (F(name) if isinstance(name, str) else name for name in place.expr)
        for lon, lat in inside[:500]:
            condition |= Q(lookups.Exact(lon_expr, Value(lon))) & Q(lookups.Exact(lat_expr, Value(lat)))
        return Typed(condition, "bool")
