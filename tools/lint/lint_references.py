"""References, iterators and views into containers that are held across an await, while which others change them."""
import re

from clang.cindex import CursorKind, TypeKind

from lint_syntax import body_of, is_reference, refers_to

CONTAINER = re.compile(
    r"(const )?std::(__cxx11::)?(basic_string|vector|deque|list|forward_list|(unordered_)?(multi)?(map|set))<"
)
ITERATOR = re.compile(r"\b(__normal_iterator|_Rb_tree_(const_)?iterator|_Node_(const_)?iterator|_Deque_iterator|"
                      r"_List_(const_)?iterator|_Fwd_list_(const_)?iterator)<")
VIEW = re.compile(r"(const )?std::(basic_string_view|span)<")
INTO = {"front", "back", "at", "operator[]", "begin", "end", "cbegin", "cend", "rbegin", "find", "lower_bound",
        "upper_bound", "data", "c_str", "emplace_back", "emplace", "try_emplace", "insert", "insert_or_assign",
        "operator basic_string_view"}
CHANGING = {"assign", "push_back", "push_front", "emplace_back", "emplace_front", "emplace", "insert", "erase", "clear",
            "resize", "reserve", "shrink_to_fit", "swap", "append", "pop_back", "pop_front", "operator=", "operator+=",
            "insert_or_assign", "try_emplace", "extract", "merge", "operator[]"}
LEAVING = re.compile(r"(co_return|return|throw|break|continue)\b")
LOOPS = (CursorKind.FOR_STMT, CursorKind.WHILE_STMT, CursorKind.DO_STMT, CursorKind.CXX_FOR_RANGE_STMT)


def value_type(a_type):
    return (a_type.get_pointee() if is_reference(a_type) else a_type).get_canonical()


def refers(a_type):
    canonical = a_type.get_canonical()
    name = canonical.spelling
    return (
        is_reference(canonical) or canonical.kind == TypeKind.POINTER
        or bool(ITERATOR.search(name)) or bool(VIEW.match(name))
    )


def container_root(node):
    """The variable or member that the container is, or is a part of; nothing for a temporary and for a query's."""
    for part in node.walk(into_lambdas=False):
        if value_type(part.cursor.type).spelling.removeprefix("const ") == "taut::Query":
            return None
        if part.kind == CursorKind.CXX_THIS_EXPR:
            return None
        if part.kind in (CursorKind.DECL_REF_EXPR, CursorKind.MEMBER_REF_EXPR):
            referenced = part.cursor.referenced
            if referenced is not None and referenced.kind in (
                CursorKind.VAR_DECL, CursorKind.PARM_DECL, CursorKind.FIELD_DECL
            ):
                return referenced
    return None


def container_of(initialiser):
    """The container that the initialiser refers into, as a declaration."""
    for part in initialiser.walk(into_lambdas=False):
        if part.kind != CursorKind.CALL_EXPR or part.name not in INTO or not part.children:
            continue
        base = part.children[0]
        for candidate in base.walk(into_lambdas=False):
            if CONTAINER.match(value_type(candidate.cursor.type).spelling):
                return container_root(candidate)
    return None


def never_changes(declaration):
    """Whether the container is declared const: a member or a variable itself, not a reference to one."""
    return declaration.type.is_const_qualified()


def is_own(declaration, function):
    """Whether the container is a variable of the coroutine, which others have no part in."""
    return declaration.kind in (CursorKind.VAR_DECL, CursorKind.PARM_DECL) and not (
        is_reference(declaration.type) or declaration.type.get_canonical().kind == TypeKind.POINTER
    ) and function.start <= declaration.location.offset < function.end


def changes(declaration, function, start, end):
    """Whether the function itself changes its container between two places."""
    for node in function.walk():
        if node.kind == CursorKind.CALL_EXPR and node.name in CHANGING and start < node.start < end and node.children:
            changed = container_root(node.children[0])
            if changed is not None and changed == declaration:
                return True
    return False


def leaves_between(await_node, use):
    """Whether the block of the await is left before the use can come."""
    for ancestor in await_node.ancestors():
        if ancestor.start <= use.start < ancestor.end:
            return False
        if ancestor.kind == CursorKind.COMPOUND_STMT and ancestor.children:
            if LEAVING.match(ancestor.children[-1].text):
                return True
    return False


def in_common_loop(declared, first, second):
    """Whether a loop that begins after the declaration has both in it."""
    return any(
        ancestor.kind in LOOPS and ancestor.start > declared and ancestor.start <= second.start < ancestor.end
        for ancestor in first.ancestors()
    )


def use_after_await(variable, function):
    """The first use of the variable that comes after an await that comes after its declaration."""
    for use in function.walk():
        if not refers_to(use, variable.cursor):
            continue
        for node in function.awaits():
            if node.start < variable.end:
                continue
            if (use.start >= node.end and not leaves_between(node, use)) or (
                use.end <= node.start and in_common_loop(variable.end, node, use)
            ):
                return use
    return None


def held_variables(source):
    for function in source.functions():
        if not function.awaits():
            continue
        for variable in body_of(function).walk(into_lambdas=False):
            if variable.kind != CursorKind.VAR_DECL or not refers(variable.cursor.type) or not variable.children:
                continue
            container = container_of(variable.children[-1])
            use = use_after_await(variable, function) if container is not None else None
            if use is None or never_changes(container):
                continue
            if is_own(container, function) and not changes(container, function, variable.end, use.end):
                continue
            yield variable.start, (
                f"`{variable.name}` refers into `{container.spelling}`, which may change during the await before line "
                f"{source.line_of(use.start)}",
                "copy what is needed, or look it up again after the await",
            )


def held_by_loops(source):
    for function in source.functions():
        awaits = function.awaits()
        for loop in body_of(function).walk(into_lambdas=False):
            if loop.kind != CursorKind.CXX_FOR_RANGE_STMT or not awaits:
                continue
            body = loop.children[-1]
            if not any(body.start <= node.start < body.end for node in awaits):
                continue
            ranges = [
                child for child in loop.children[:-1] if child.kind.is_expression()
                and CONTAINER.match(value_type(child.cursor.type).spelling)
            ]
            container = container_root(ranges[0]) if ranges else None
            if container is None or never_changes(container):
                continue
            if is_own(container, function) and not changes(container, function, loop.start, loop.end):
                continue
            yield loop.start, (
                f"the loop is in the middle of `{container.spelling}` during an await, and others may change it",
                "loop over a copy, or declare the container const",
            )


def find(source):
    yield from held_variables(source)
    yield from held_by_loops(source)
