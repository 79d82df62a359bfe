"""The shapes of awaits that g++ 12 translates wrongly without a word: the table of docs/style.md."""
from clang.cindex import CursorKind

from lint_syntax import is_coroutine, is_record

CONDITIONS = {
    CursorKind.IF_STMT: "if", CursorKind.WHILE_STMT: "while", CursorKind.SWITCH_STMT: "switch",
    CursorKind.DO_STMT: "do", CursorKind.FOR_STMT: "for",
}
STATEMENTS = (CursorKind.COMPOUND_STMT, CursorKind.DECL_STMT, CursorKind.LAMBDA_EXPR, CursorKind.VAR_DECL)


def closing(text, start):
    """Where the bracket at `start` closes; strings in a condition are few enough to be left out of account."""
    depth = 0
    for position in range(start, len(text)):
        depth += (text[position] in "([{") - (text[position] in ")]}")
        if depth == 0:
            return position
    return len(text)


def is_in_condition(node, statement):
    """Whether the node stands between the parentheses of the statement."""
    text = node.source.text
    if statement.kind == CursorKind.DO_STMT:
        return node.start >= statement.children[0].end
    start = text.index("(", statement.start)
    return start < node.start < closing(text, start)


def condition_of(node):
    """The keyword of the statement in whose condition the expression stands, where no declaration is between."""
    for ancestor in node.ancestors():
        if ancestor.kind in CONDITIONS:
            return CONDITIONS[ancestor.kind] if is_in_condition(node, ancestor) else None
        if ancestor.kind in STATEMENTS:
            return None
    return None


def expression_around(node, kind):
    """The expression of the kind that the await is a part of."""
    for ancestor in node.ancestors():
        if ancestor.kind == kind:
            return ancestor
        if ancestor.kind in STATEMENTS or ancestor.kind in CONDITIONS:
            return None
    return None


def captures(function):
    return function.kind == CursorKind.LAMBDA_EXPR and function.text[1 : function.text.index("]")].strip() != ""


def is_braced_value(node):
    """Whether braces make an object here whose copies and destructor do something."""
    a_type = node.type
    return is_record(a_type) and not a_type.is_pod() and (
        node.kind == CursorKind.INIT_LIST_EXPR
        or (node.kind in (CursorKind.CALL_EXPR, CursorKind.UNEXPOSED_EXPR) and node.text.startswith("{"))
    )


def awaited_temporary(node):
    """What stands in the awaited expression and ought to be a variable."""
    for part in node.children[0].walk(into_lambdas=False):
        for child in part.children:
            if captures(child):
                return child, "a lambda that captures"
        if is_braced_value(part):
            return part, "a value in braces"
    return None


def find(source):
    for function in source.functions():
        for node in function.awaits():
            keyword = condition_of(node)
            if keyword:
                yield node.start, (
                    f"g++ 12 mistranslates an await in the condition of `{keyword}`",
                    "give the result a name before: `const auto result = co_await ...;`",
                )
            if expression_around(node, CursorKind.CONDITIONAL_OPERATOR):
                yield node.start, ("g++ 12 mistranslates an await within `?:`", "write `if` and `else`")
            if expression_around(node, CursorKind.INIT_LIST_EXPR):
                yield node.start, (
                    "g++ 12 mistranslates an await among the values in braces",
                    "give the result a name before, and put the name into the braces",
                )
            if found := awaited_temporary(node):
                yield found[0].start, (
                    f"g++ 12 destroys {found[1]} twice that stands in an awaited expression",
                    "give it a name on a line of its own before",
                )
        if captures(function) and is_coroutine(function):
            yield function.start, (
                "a lambda that captures is a coroutine: its captures are gone when it resumes",
                "write a member function, or give a lambda without captures parameters",
            )
