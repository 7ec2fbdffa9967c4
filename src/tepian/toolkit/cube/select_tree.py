# ruff: noqa: S608 - names are known or quoted, literals are quoted, functions are listed
"""The tree of a stranger's SELECT becomes SQL again, or is refused.

Only the few forms that stand here are known, and none of them can grow without bound: no joins, no recursion, one subquery
at the utmost, no names made of names, no function that makes texts or lists longer, patterns of two wildcards.
"""

from __future__ import annotations

from typing import Any

from .parts import QueryRefused

MOST_PARTS = 600  # of a tree
MOST_COLUMNS = 40
DEEPEST = 50  # expressions within one another
LONGEST_TEXT = 200
MOST_WILDCARDS = 2

AGGREGATES = {
    "count": 1, "sum": 1, "avg": 1, "mean": 1, "min": 1, "max": 1, "median": 1,
    "stddev": 1, "stddev_pop": 1, "stddev_samp": 1, "variance": 1, "var_pop": 1, "var_samp": 1,
    "corr": 2, "regr_slope": 2, "regr_intercept": 2,
}  # fmt: skip
FUNCTIONS = {
    "abs": (1, 1), "ceil": (1, 1), "ceiling": (1, 1), "floor": (1, 1), "round": (1, 2), "trunc": (1, 1), "sign": (1, 1),
    "sqrt": (1, 1), "ln": (1, 1), "log10": (1, 1), "exp": (1, 1), "power": (2, 2), "pow": (2, 2), "mod": (2, 2),
    "greatest": (1, 8), "least": (1, 8), "nullif": (2, 2),
    "lower": (1, 1), "upper": (1, 1), "length": (1, 1), "char_length": (1, 1), "trim": (1, 1), "ltrim": (1, 1),
    "rtrim": (1, 1), "left": (2, 2), "right": (2, 2), "substring": (2, 3), "substr": (2, 3), "strpos": (2, 2),
    "position": (2, 2), "starts_with": (2, 2),
}  # fmt: skip
OPERATORS = {"+": (1, 2), "-": (1, 2), "*": (2, 2), "/": (2, 2), "%": (2, 2)}
PATTERNS = {"~~": "LIKE", "!~~": "NOT LIKE", "~~*": "ILIKE", "!~~*": "NOT ILIKE"}
COMPARISONS = {
    "COMPARE_EQUAL": "=", "COMPARE_NOTEQUAL": "<>", "COMPARE_LESSTHAN": "<", "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=", "COMPARE_GREATERTHANOREQUALTO": ">=",
    "COMPARE_DISTINCT_FROM": "IS DISTINCT FROM", "COMPARE_NOT_DISTINCT_FROM": "IS NOT DISTINCT FROM",
}  # fmt: skip
TYPES = {
    **dict.fromkeys(("VARCHAR", "TEXT", "CHAR", "BPCHAR", "STRING"), "VARCHAR"),
    **dict.fromkeys(("DOUBLE", "FLOAT8", "FLOAT", "FLOAT4", "REAL", "DECIMAL", "NUMERIC"), "DOUBLE"),
    **dict.fromkeys(("INTEGER", "INT", "INT4", "INT8", "BIGINT", "SMALLINT", "INT2", "LONG", "SHORT"), "BIGINT"),
    **dict.fromkeys(("BOOLEAN", "BOOL"), "BOOLEAN"),
}
ORDERS = {"ORDER_DEFAULT": "", "ASCENDING": " ASC", "DESCENDING": " DESC"}
NULLS = {"ORDER_DEFAULT": "", "NULLS FIRST": " NULLS FIRST", "NULLS LAST": " NULLS LAST"}
Node = dict[str, Any]


class Compiler:
    """A tree of DuckDB's parser becomes SQL again, or is refused. Every part is taken out of its node; one that is left
    is a form that we do not know."""

    def __init__(self, table: str, fields: tuple[str, ...], most_rows: int) -> None:
        self.table, self.fields, self.most_rows = table, fields, most_rows
        self.used: set[str] = set()
        self.star = False
        self._parts = self._columns = self._depth = 0
        self._known: set[str] = set()  # names that may stand in an expression now
        self._relations: set[str] = set()

    def statement(self, tree: list[Node]) -> str:
        if len(tree) != 1:
            raise QueryRefused("several_statements")
        (only,) = tree
        node = self._taken(only, "node")["node"]
        return self._select(node, outer=True)

    # --- statements ---

    def _select(self, node: Node, *, outer: bool) -> str:
        if node.get("type") != "SELECT_NODE":
            raise QueryRefused("not_supported", what=str(node.get("type")))
        part = self._taken(
            node, "type", "modifiers", "cte_map", "select_list", "from_table", "where_clause", "group_expressions", "group_sets",
            "aggregate_handling", "having",
        )  # fmt: skip
        if part["cte_map"]:
            raise QueryRefused("not_supported", what="WITH")
        if part["aggregate_handling"] != "STANDARD_HANDLING":
            raise QueryRefused("not_supported", what="GROUP BY ALL")
        source, columns = self._from(part["from_table"], outer=outer)
        self._known = set(columns)
        shown, names, aliases = self._list(part["select_list"], columns)
        where = f" WHERE {self._expression(part['where_clause'])}" if part["where_clause"] else ""
        # Only here may a name stand for a whole expression: names that are made of names would grow without bound.
        self._known = set(columns) | aliases
        groups = part["group_expressions"] or []
        if (part["group_sets"] or [[*range(len(groups))]]) != [[*range(len(groups))]]:
            raise QueryRefused("not_supported", what="GROUPING SETS")
        group = f" GROUP BY {', '.join(self._expression(one) for one in groups)}" if groups else ""
        having = f" HAVING {self._expression(part['having'])}" if part["having"] else ""
        distinct, order, limit = self._modifiers(part["modifiers"] or [], outer=outer)
        self._known = set(names)
        return f"SELECT {distinct}{', '.join(shown)} FROM {source}{where}{group}{having}{order}{limit}"

    def _from(self, node: Node | None, *, outer: bool) -> tuple[str, tuple[str, ...]]:
        """The source and the names of its columns."""
        kind = (node or {}).get("type")
        if node and kind == "BASE_TABLE":
            part = self._taken(node, "type", "alias", "table_name", "qualified_name")
            if part["qualified_name"] != {"path": [part["table_name"]]}:
                raise QueryRefused("not_supported", what="schema")
            if part["table_name"] != self.table:
                raise QueryRefused("table_unknown", name=str(part["table_name"]))
            self._relations = {str(part["alias"] or self.table)}
            return f"{name_of(self.table)} AS {name_of(*self._relations)}", self.fields
        if node and kind == "SUBQUERY" and outer:
            part = self._taken(node, "type", "alias", "subquery")
            inner = self._select(self._taken(part["subquery"], "node")["node"], outer=False)
            self._relations = {str(part["alias"] or "_inner")}
            return f"({inner}) AS {name_of(*self._relations)}", tuple(sorted(self._known))
        raise QueryRefused("not_supported", what=str(kind or "FROM"))

    def _list(self, nodes: list[Node], columns: tuple[str, ...]) -> tuple[list[str], list[str], set[str]]:
        """What is shown, the names that it has, and those of them that stand for an expression."""
        shown: list[str] = []
        names: list[str] = []
        aliases: set[str] = set()
        for node in nodes:
            if node.get("class") == "STAR":
                part = self._taken(node, "class", "type", "relation_name")
                if part["relation_name"] is not None and part["relation_name"] not in self._relations:
                    raise QueryRefused("field_unknown", name=str(part["relation_name"]))
                self.star = True
                self._count_columns(len(columns))
                shown.append("*")
                names += columns
                continue
            self._count_columns(1)
            alias = node.get("alias")
            text = self._expression({key: value for key, value in node.items() if key != "alias"})
            if alias is not None:
                shown.append(f"{text} AS {name_of(alias)}")
                names.append(alias)
                aliases.add(alias)
            else:
                title = _title(node)
                title = f"{title}_{len(names) + 1}" if title in names else title
                shown.append(f"{text} AS {name_of(title)}")
                names.append(title)
                aliases.add(title)
        return shown, names, aliases

    def _modifiers(self, nodes: list[Node], *, outer: bool) -> tuple[str, str, str]:
        distinct = order = ""
        limit, offset = None, 0
        for node in nodes:
            kind = node.get("type")
            if kind == "DISTINCT_MODIFIER":
                self._taken(node, "type")
                distinct = "DISTINCT "
            elif kind == "ORDER_MODIFIER":
                order = f" ORDER BY {', '.join(map(self._order, self._taken(node, 'type', 'orders')['orders']))}"
            elif kind == "LIMIT_MODIFIER":
                part = self._taken(node, "type", "limit", "offset")
                limit = self._whole(part["limit"]) if part["limit"] else None
                offset = self._whole(part["offset"]) if part["offset"] else 0
            else:
                raise QueryRefused("not_supported", what=str(kind))
        if outer:
            limit = self.most_rows if limit is None else min(limit, self.most_rows)
        tail = f" LIMIT {limit}" if limit is not None else ""
        return distinct, order, tail + (f" OFFSET {offset}" if offset else "")

    def _order(self, node: Node) -> str:
        part = self._taken(node, "type", "null_order", "expression")
        return self._expression(part["expression"]) + ORDERS[part["type"]] + NULLS[part["null_order"]]

    def _whole(self, node: Node) -> int:
        part = self._taken(node, "class", "type", "literal")
        text = str((part["literal"] or {}).get("text"))
        if (
            part["class"] != "CONSTANT"
            or part["literal"].get("kind") != "INTEGER"
            or len(text) > 9
            or not text.isdecimal()
        ):
            raise QueryRefused("not_supported", what="LIMIT")
        return int(text)

    # --- expressions ---

    def _expression(self, node: Node) -> str:
        known = getattr(self, f"_{str(node.get('class')).lower()}_", None)
        if known is None:
            raise QueryRefused("not_supported", what=str(node.get("class")))
        self._depth += 1
        if self._depth > DEEPEST:
            raise QueryRefused("too_complex")
        text: str = known(node)
        self._depth -= 1
        return text

    def _column_ref_(self, node: Node) -> str:
        *relation, name = self._taken(node, "class", "type", "column_names")["column_names"]
        if name not in self._known or (relation and relation not in [[one] for one in self._relations]):
            raise QueryRefused("field_unknown", name=".".join([*relation, name])[:100])
        if name in self.fields:
            self.used.add(name)
        return ".".join(map(name_of, [*relation, name]))

    def _constant_(self, node: Node) -> str:
        literal = self._taken(node, "class", "type", "literal")["literal"]
        kind, text = literal.get("kind"), str(literal.get("text", ""))
        if kind == "NULL_LITERAL":
            return "NULL"
        if kind == "BOOLEAN":
            return "true" if text.lower() == "true" else "false"
        if kind in ("INTEGER", "NUMERIC"):
            try:
                float(text)
            except ValueError:
                raise QueryRefused("not_supported", what=text[:40]) from None
            if len(text) > 40 or not set(text) <= set("0123456789.eE+-"):
                raise QueryRefused("not_supported", what=text[:40])
            return text
        if kind != "STRING":
            raise QueryRefused("not_supported", what=str(kind))
        if len(text) > LONGEST_TEXT or "\0" in text:
            raise QueryRefused("too_complex")
        return "'" + text.replace("'", "''") + "'"

    def _function_(self, node: Node) -> str:
        part = self._taken(
            node, "class", "type", "function_name", "order_bys", "filter", "distinct", "is_operator", "arguments",
            "qualified_name",
        )  # fmt: skip
        name = str(part["function_name"])
        if part["qualified_name"] != {"path": [name]}:
            raise QueryRefused("function_unknown", name=str(part["qualified_name"])[:100])
        if part["order_bys"] not in (None, {"type": "ORDER_MODIFIER"}):
            raise QueryRefused("not_supported", what="ORDER BY")
        given = [self._taken(one, "expression")["expression"] for one in part["arguments"] or []]
        condition = f" FILTER (WHERE {self._expression(part['filter'])})" if part["filter"] else ""
        if name == "count_star" and not given and not part["distinct"]:
            return f"count(*){condition}"
        if name in AGGREGATES and len(given) == AGGREGATES[name]:
            inside = ", ".join(map(self._expression, given))
            return f"{name}({'DISTINCT ' if part['distinct'] else ''}{inside}){condition}"
        if condition or part["distinct"]:
            raise QueryRefused("function_unknown", name=name[:100])
        if name in PATTERNS and len(given) == 2:
            return self._pattern(PATTERNS[name], *given)
        inside_ = [self._expression(one) for one in given]
        if name in OPERATORS and OPERATORS[name][0] <= len(given) <= OPERATORS[name][1]:
            return f"({inside_[0]} {name} {inside_[1]})" if len(given) == 2 else f"({name} {inside_[0]})"
        if name in FUNCTIONS and FUNCTIONS[name][0] <= len(given) <= FUNCTIONS[name][1]:
            return f"{name_of(name)}({', '.join(inside_)})"
        raise QueryRefused("function_unknown", name=name[:100])

    def _pattern(self, operator: str, given: Node, pattern: Node) -> str:
        """A constant pattern: matching tries every way to share out the text among its wildcards."""
        text = pattern.get("literal", {}).get("text", "")
        if pattern.get("class") != "CONSTANT" or text.count("%") > MOST_WILDCARDS:
            raise QueryRefused("too_complex")
        return f"({self._expression(given)} {operator} {self._expression(pattern)})"

    def _comparison_(self, node: Node) -> str:
        part = self._taken(node, "class", "type", "left", "right")
        if part["type"] not in COMPARISONS:
            raise QueryRefused("not_supported", what=str(part["type"]))
        return f"({self._expression(part['left'])} {COMPARISONS[part['type']]} {self._expression(part['right'])})"

    def _conjunction_(self, node: Node) -> str:
        part = self._taken(node, "class", "type", "children")
        word = {"CONJUNCTION_AND": " AND ", "CONJUNCTION_OR": " OR "}[part["type"]]
        return f"({word.join(map(self._expression, part['children']))})"

    def _between_(self, node: Node) -> str:
        part = self._taken(node, "class", "type", "input", "lower", "upper")
        if part["type"] != "COMPARE_BETWEEN":
            raise QueryRefused("not_supported", what=str(part["type"]))
        value, low, high = (self._expression(part[name]) for name in ("input", "lower", "upper"))
        return f"({value} BETWEEN {low} AND {high})"

    def _operator_(self, node: Node) -> str:
        part = self._taken(node, "class", "type", "children")
        first, *rest = map(self._expression, part["children"])
        match part["type"]:
            case "OPERATOR_NOT" if not rest:
                return f"(NOT {first})"
            case "OPERATOR_IS_NULL" if not rest:
                return f"({first} IS NULL)"
            case "OPERATOR_IS_NOT_NULL" if not rest:
                return f"({first} IS NOT NULL)"
            case "OPERATOR_COALESCE":
                return f"coalesce({', '.join([first, *rest])})"
            case "OPERATOR_NULLIF" if len(rest) == 1:
                return f"nullif({first}, {rest[0]})"
            case "COMPARE_IN" if rest:
                return f"({first} IN ({', '.join(rest)}))"
            case "COMPARE_NOT_IN" if rest:
                return f"({first} NOT IN ({', '.join(rest)}))"
        raise QueryRefused("not_supported", what=str(part["type"]))

    def _case_(self, node: Node) -> str:
        part = self._taken(node, "class", "type", "case_checks", "else_expr")
        checks = [self._taken(one, "when_expr", "then_expr") for one in part["case_checks"]]
        branches = [
            f"WHEN {self._expression(one['when_expr'])} THEN {self._expression(one['then_expr'])}" for one in checks
        ]
        return f"(CASE {' '.join(branches)} ELSE {self._expression(part['else_expr'])} END)"

    def _cast_(self, node: Node) -> str:
        part = self._taken(node, "class", "type", "child", "type_expr", "try_cast")
        kind = self._taken(part["type_expr"], "class", "type", "type_name", "qualified_name", "children")
        name = str(kind["type_name"]).upper()
        if kind["class"] != "TYPE" or name not in TYPES or kind["qualified_name"] != {"path": [kind["type_name"]]}:
            raise QueryRefused("not_supported", what=str(kind["type_name"])[:40])
        return f"{'TRY_' if part['try_cast'] else ''}CAST({self._expression(part['child'])} AS {TYPES[name]})"

    # --- limits ---

    def _taken(self, node: Any, *names: str) -> Node:
        """The parts of a node; refuses a node that has another one."""
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise QueryRefused("too_complex")
        other = [name for name in node if name not in names and not name.startswith("query_location")]
        if other:
            raise QueryRefused("not_supported", what=other[0])
        return {name: node.get(name) for name in names}

    def _count_columns(self, more: int) -> None:
        self._columns += more
        if self._columns > MOST_COLUMNS:
            raise QueryRefused("too_complex")


def _title(node: Node) -> str:
    """What PostgreSQL calls a column that got no name."""
    match node.get("class"):
        case "COLUMN_REF":
            return str(node["column_names"][-1])
        case "FUNCTION":
            return "count" if node["function_name"] == "count_star" else str(node["function_name"])
        case "CAST":
            return _title(node["child"])
        case "CASE":
            return "case"
    return "column"


def name_of(text: str) -> str:
    if "\0" in text:
        raise QueryRefused("field_unknown", name="")
    return '"' + text.replace('"', '""') + '"'


__all__ = ["Compiler", "name_of"]
