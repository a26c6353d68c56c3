"""Where a source can be changed, as clang reads it, and into what."""

import dataclasses
import re

from clang.cindex import CursorKind as K, Index

FLAGS = ("-x", "c++", "-std=c++2b", "-mcx16", "-resource-dir", "/usr/lib/llvm-19/lib/clang/19")

COMPARISONS = {"==": ("!=",), "!=": ("==",), "<": (">=", "<="), "<=": (">", "<"), ">": ("<=", ">="), ">=": ("<", ">")}
BOUNDARIES = {("<", "<="), ("<=", "<"), (">", ">="), (">=", ">")}
OTHERS = {"&&": "||", "||": "&&", "+": "-", "-": "+", "&": "|", "|": "&"}
ASSIGNMENTS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}
WEAKER = {
    "load_acquire": "load_relaxed",
    "load_seq_cst": "load_acquire",
    "store_release": "store_relaxed",
    "store_seq_cst": "store_release",
    "cas_seq_cst": "cas_acq_rel",
}
# Octal ones are the modes of files.
INTEGER = re.compile(r"(0x[\da-fA-F']+|0|[1-9][\d']*)(?:[uU]?[lL]{0,2}|[lL]{0,2}[uU]?)")
CALLEE = re.compile(r"(?:\(void\)\s*)?([\w:.>-]*?)(?:\btemplate\s+)?(\w+)\s*(?:<[^();]*>)?\s*\(")

FUNCTIONS = {K.FUNCTION_DECL, K.CXX_METHOD, K.DESTRUCTOR, K.CONVERSION_FUNCTION, K.FUNCTION_TEMPLATE, K.CONSTRUCTOR, K.LAMBDA_EXPR}
CONTAINERS = {K.NAMESPACE, K.LINKAGE_SPEC, K.CLASS_DECL, K.STRUCT_DECL, K.UNION_DECL, K.CLASS_TEMPLATE, K.CLASS_TEMPLATE_PARTIAL_SPECIALIZATION, K.FRIEND_DECL}
# What the compiler computes, or what only names types.
CONSTANT = {
    *(K.STATIC_ASSERT, K.ENUM_DECL, K.CONCEPT_DECL, K.TYPE_ALIAS_DECL, K.TYPE_ALIAS_TEMPLATE_DECL, K.TYPEDEF_DECL),
    *(K.CXX_UNARY_EXPR, K.TYPE_REF, K.TEMPLATE_REF, K.NAMESPACE_REF, K.REQUIRES_EXPR, K.CONCEPT_SPECIALIZATION_EXPR),
}


@dataclasses.dataclass(frozen=True)
class Point:
    file: str
    start: int  # what is changed: these characters of the file
    end: int
    kind: str
    change: str  # for people: from what to what
    into: str  # what stands there instead; of a statement that is left out nothing
    is_statement: bool = False
    is_condition: bool = False  # asked for its truth, so that both ways must be of one type


class Finder:
    """The points of one file."""

    def __init__(self, file, text):
        self.file, self.text = file, text
        self.found, self.skipped = {}, []
        self.even = set()  # comparisons for which it is all the same which way equals go
        # clang counts bytes.
        self.encoded = text.encode()
        self.ascii = len(self.encoded) == len(text)

    def at(self, location):
        return location.offset if self.ascii else len(self.encoded[: location.offset].decode())

    def range(self, cursor):
        return self.at(cursor.extent.start), self.at(cursor.extent.end)

    def raw(self, cursor):
        start, end = self.range(cursor)
        return self.text[start:end]

    def add(self, cursor, kind, change, into, **how):
        start, end = self.range(cursor)
        point = Point(self.file, start, end, kind, change, into, **how)
        if start < end:
            self.found[start, end, change, how.get("is_statement", False)] = point

    def points(self):
        return [each for each in self.found.values() if not any(first <= each.start < last for first, last in self.skipped)]

    # -- declarations

    def declaration(self, cursor):
        kind = cursor.kind
        if kind in CONSTANT:
            return
        if kind in CONTAINERS:
            for child in cursor.get_children():
                self.declaration(child)
        elif kind in FUNCTIONS:
            self.function(cursor)
        elif kind in (K.VAR_DECL, K.PARM_DECL):
            self.variable(cursor)

    def function(self, cursor):
        children = list(cursor.get_children())
        body = next((each for each in children if each.kind == K.COMPOUND_STMT), None)
        head = self.text[self.range(cursor)[0] : self.range(body)[0]] if body else ""
        if "consteval" in head:
            return
        name = self.at(cursor.location)
        for child in children:
            if child.kind == K.PARM_DECL:
                self.variable(child)
            elif child.kind == K.COMPOUND_STMT:
                self.statement(child)
            elif cursor.kind == K.CONSTRUCTOR and child.kind.is_expression() and self.range(child)[0] > name:
                self.expression(child)

    def variable(self, cursor):
        start, name = self.range(cursor)[0], self.at(cursor.location)
        if re.search(r"\b(constexpr|constinit)\b", self.text[max(0, start - 20) : name]) or re.match(r"\w+\s*[:\[][^:]", self.text[name:]):
            return
        for child in cursor.get_children():
            if child.kind.is_expression() and self.range(child)[0] > name:
                self.expression(child)

    # -- statements

    def statement(self, cursor):
        kind = cursor.kind
        children = list(cursor.get_children())
        if kind == K.COMPOUND_STMT:
            for child in children:
                self.statement(child)
        elif kind == K.DECL_STMT:
            for child in children:
                self.declaration(child)
        elif kind == K.IF_STMT:
            self.branch(cursor, children)
        elif kind in (K.WHILE_STMT, K.FOR_STMT, K.CXX_FOR_RANGE_STMT, K.SWITCH_STMT):
            self.loop(cursor, children)
        elif kind == K.DO_STMT:
            self.statement(children[0])
            self.condition(children[1])
        elif kind in (K.CASE_STMT, K.DEFAULT_STMT):
            for child in children[1:] if kind == K.CASE_STMT else children:
                self.statement(child)
        elif kind == K.RETURN_STMT:
            for child in children:
                self.expression(child)
        elif kind.is_expression():
            self.discarded(cursor)
        elif kind.is_declaration():
            self.declaration(cursor)
        else:
            for child in children:
                self.statement(child)

    def branch(self, cursor, children):
        start, _ = self.range(cursor)
        is_constant = re.match(r"if\s+(constexpr|consteval|!\s*consteval)", self.text[start:])
        declared = 0
        for index, child in enumerate(children):
            begin, end = self.range(child)
            if child.kind == K.VAR_DECL:
                declared = end
            elif begin < declared:
                continue  # what is asked is what was just declared
            if child.kind.is_expression() and self.text[end:].lstrip().startswith(")") and self.text[:begin].rstrip()[-1] in "(;":
                if not is_constant and self.text[start:begin].count("(") - self.text[start:begin].count(")") == 1:
                    self.condition(child)
                    continue
                if is_constant and index == 0:
                    continue
            if is_constant and index == 0:
                continue
            self.statement(child)

    def loop(self, cursor, children):
        for child in children[:-1]:
            if not child.kind.is_expression():
                self.statement(child)
            elif cursor.kind in (K.WHILE_STMT, K.FOR_STMT) and self.is_asked(cursor, child):
                self.condition(child)
            else:
                self.expression(child)
        if children:
            self.statement(children[-1])

    def is_asked(self, cursor, child):
        """Whether it is a loop's condition: `(` or `;` before it, and, in a for, `;` after it."""
        begin, end = self.range(child)
        after = self.text[end:].lstrip()[:1]
        return self.text[:begin].rstrip()[-1] in "(;" and after == (")" if cursor.kind == K.WHILE_STMT else ";")

    def discarded(self, cursor):
        """An expression for what it does: it may not be done."""
        inner = self.bare(cursor)
        text = self.raw(cursor)
        callee = CALLEE.match(text)
        if callee and callee[2].startswith("prefetch"):
            return  # what a processor reads beforehand changes nothing
        if inner.kind in (K.BINARY_OPERATOR, K.COMPOUND_ASSIGNMENT_OPERATOR):
            kind = "store" if self.operator(inner)[1] in ASSIGNMENTS else None
        elif inner.kind == K.UNARY_OPERATOR:
            kind = "store"
        elif inner.kind == K.CALL_EXPR and inner.spelling.startswith("operator") and inner.spelling != "operator()":
            kind = "store"
        elif callee and inner.kind not in (K.LAMBDA_EXPR, K.CONDITIONAL_OPERATOR):
            kind = "store" if re.match(r"store_|cas_|fetch_add_", callee[2]) else "call"
        else:
            kind = None
        if kind:
            self.add(cursor, kind, f"without {shortened(text)}", "", is_statement=True)
        self.expression(cursor, is_discarded=True)

    # -- expressions

    def bare(self, cursor):
        while cursor.kind in (K.UNEXPOSED_EXPR, K.PAREN_EXPR, K.CSTYLE_CAST_EXPR):
            children = [each for each in cursor.get_children() if each.kind.is_expression()]
            if len(children) != 1:
                break
            cursor = children[0]
        return cursor

    def operator(self, cursor):
        """Both sides, and what stands between them."""
        operands = [each for each in cursor.get_children()]
        if cursor.kind == K.CALL_EXPR:
            operands = list(cursor.get_arguments())
        if len(operands) != 2:
            return None, "", None
        left, right = operands
        between = self.text[self.range(left)[1] : self.range(right)[0]]
        return left, re.sub(r"//.*|/\*.*?\*/", "", between).strip(), right

    def condition(self, cursor):
        inner = self.bare(cursor)
        sign = self.operator(inner)[1] if inner.kind in (K.BINARY_OPERATOR, K.CALL_EXPR) else ""
        if sign not in COMPARISONS and sign not in ("&&", "||") and inner.kind not in (K.CXX_BOOL_LITERAL_EXPR, K.INTEGER_LITERAL):
            self.add(cursor, "condition", f"{shortened(self.raw(cursor))} -> not", f"!({self.raw(cursor)})", is_condition=True)
        self.expression(cursor)

    def expression(self, cursor, is_discarded=False):
        kind = cursor.kind
        if kind in CONSTANT:
            if kind == K.TEMPLATE_REF:
                self.skip_arguments(self.range(cursor)[1])
            return
        if kind == K.LAMBDA_EXPR:
            self.function(cursor)
            return
        if kind == K.INTEGER_LITERAL:
            text = self.raw(cursor)
            if INTEGER.fullmatch(text):
                self.add(cursor, "off by one", f"{text} -> {text} + 1", f"{text} + 1")
            return
        if kind == K.CXX_BOOL_LITERAL_EXPR:
            other = {"true": "false", "false": "true"}.get(self.raw(cursor))
            if other:
                self.add(cursor, "condition", f"{self.raw(cursor)} -> {other}", other)
            return
        if kind in (K.BINARY_OPERATOR, K.COMPOUND_ASSIGNMENT_OPERATOR) or (kind == K.CALL_EXPR and cursor.spelling.startswith("operator")):
            left, sign, right = self.operator(cursor)
            if sign in COMPARISONS or sign in OTHERS:
                self.binary(cursor, left, sign, right)
                return
        if kind == K.CONDITIONAL_OPERATOR:
            asked, *others = cursor.get_children()
            self.note_if_even(asked, *others)
            self.condition(asked)
            for child in others:
                self.expression(child)
            return
        if kind == K.CALL_EXPR:
            self.call(cursor, is_discarded)
        names_something = kind in (K.DECL_REF_EXPR, K.MEMBER_REF_EXPR)
        for child in cursor.get_children():
            if child.kind in (K.COMPOUND_STMT, K.DECL_STMT):
                self.statement(child)
            elif child.kind == K.TEMPLATE_REF:
                self.skip_arguments(self.range(child)[1])
            elif not names_something or (kind == K.MEMBER_REF_EXPR and self.range(child)[0] < self.at(cursor.location)):
                # Between f< and > stand constants.
                self.expression(child, is_discarded and kind in (K.UNEXPOSED_EXPR, K.PAREN_EXPR, K.CSTYLE_CAST_EXPR))

    def note_if_even(self, asked, first, second):
        """a > b ? a - b : 0 is the same as a >= b ? a - b : 0, and so are a > b ? a - b : b - a and the greater or the less of both: such a change is none."""
        left, sign, right = self.operator(self.bare(asked)) if self.bare(asked).kind == K.BINARY_OPERATOR else (None, "", None)
        if sign not in ("<", "<=", ">", ">="):
            return
        a, b = self.raw(left), self.raw(right)
        if "(" in a + b:
            return  # what is called may answer otherwise the second time
        of_equals = {"0", *(f"{x} - {y}" if " " not in y else f"{x} - ({y})" for x, y in ((a, b), (b, a)) if " " not in x)}
        ways = {self.raw(first), self.raw(second)}
        if ways <= of_equals or ways <= {a, b}:
            self.even.add(self.range(self.bare(asked)))

    def binary(self, cursor, left, sign, right):
        def becomes(other):
            first, last = self.range(left)[1], self.range(right)[0]
            begin, end = self.range(cursor)
            return self.text[begin:first] + self.text[first:last].replace(sign, other, 1) + self.text[last:end]

        for other in COMPARISONS.get(sign, ()):
            if (sign, other) in BOUNDARIES and self.range(cursor) in self.even:
                continue
            self.add(cursor, "off by one" if (sign, other) in BOUNDARIES else "comparison", f"{sign} -> {other}", becomes(other))
        if sign in ("&&", "||"):
            self.add(cursor, "condition", f"{sign} -> {OTHERS[sign]}", becomes(OTHERS[sign]))
            self.condition(left)
            self.condition(right)
            return
        if sign in OTHERS:
            self.add(cursor, "arithmetic", f"{sign} -> {OTHERS[sign]}", becomes(OTHERS[sign]))
        for side in (left, right):
            # a < 7 into a < 8 is a <= 7.
            if not (sign in COMPARISONS and len(COMPARISONS[sign]) == 2 and self.bare(side).kind == K.INTEGER_LITERAL):
                self.expression(side)

    def call(self, cursor, is_discarded):
        text = self.raw(cursor)
        callee = CALLEE.match(text)
        if not callee:
            return
        name, begin = callee[2], callee.start(2)
        if name in WEAKER and callee[1].endswith("::"):
            self.add(cursor, "order", f"{name} -> {WEAKER[name]}", text[:begin] + WEAKER[name] + text[begin + len(name) :])
        if name.startswith("cas_") and not is_discarded and callee[1].endswith("::"):
            self.add(cursor, "store", f"without {shortened(text)}, as if it had been done", "true")
        if name in ("min", "max") and callee[1] == "std::":
            other = {"min": "max", "max": "min"}[name]
            self.add(cursor, "comparison", f"{name} -> {other}", text[:begin] + other + text[begin + len(name) :])
        for each in re.finditer(r"std::memory_order_(\w+)", text):
            # The two orders of a compare-and-swap are weakened each for itself.
            if each[1] != "relaxed" and "atomic_ref" in text:
                into = text[: each.start(1)] + "relaxed" + text[each.end(1) :]
                self.add(cursor, "order", f"{each[1]} -> relaxed ({text[:each.start()].count('memory_order') + 1})", into)

    def skip_arguments(self, begin):
        """What stands between the angle brackets after a template's name."""
        if self.text[begin : begin + 1] != "<":
            return
        depth, at = 0, begin
        for at in range(begin, len(self.text)):
            depth += {"<": 1, ">": -1}.get(self.text[at], 0)
            if depth == 0 or self.text[at] in ";{":
                break
        self.skipped.append((begin, at))


def shortened(text, most=60):
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 3] + "..."


def find(root, files, unit_text=None, unit=None):
    """The points of these files (paths below root), which a translation unit includes, or one of which is it."""
    index = Index.create()
    name = str(root / "src" / "mutants_unit.cpp") if unit_text is not None else str(root / unit)
    unsaved = [(name, unit_text)] if unit_text is not None else []
    parsed = index.parse(name, args=[*FLAGS, f"-I{root}/src", f"-I{root}/include"], unsaved_files=unsaved)
    errors = [str(each) for each in parsed.diagnostics if each.severity >= 3]
    if errors:
        raise SystemExit(f"tools/mutants: clang does not understand {unit or 'the headers'}: {errors[:3]}")
    finders = {str(root / each): Finder(each, (root / each).read_text(encoding="utf-8")) for each in files}

    def enter(cursor):
        for child in cursor.get_children():
            where = child.location.file and child.location.file.name
            if where in finders:
                finder = finders[where]
                finder.declaration(child)

    enter(parsed.cursor)
    return [point for finder in finders.values() for point in finder.points()]
