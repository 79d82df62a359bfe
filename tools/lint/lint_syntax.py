"""A source file as clang sees it, without what a compiler makes of a coroutine beside what was written."""
import re

from clang import cindex
from clang.cindex import CursorKind

AWAIT = "co_await"
FUNCTIONS = (
    CursorKind.FUNCTION_DECL, CursorKind.CXX_METHOD, CursorKind.FUNCTION_TEMPLATE, CursorKind.CONSTRUCTOR,
    CursorKind.LAMBDA_EXPR,
)
# Expressions that clang has around another one: conversions, temporaries that are kept, parentheses.
TRANSPARENT = (CursorKind.UNEXPOSED_EXPR, CursorKind.PAREN_EXPR)


class Node:
    """A declaration, a statement or an expression as it was written."""

    def __init__(self, cursor, parent, source):
        self.cursor = cursor
        self.parent = parent
        self.source = source
        self.kind = cursor.kind
        self.start = cursor.extent.start.offset
        self.end = cursor.extent.end.offset
        self.children = []

    @property
    def text(self):
        return self.source.text[self.start : self.end]

    @property
    def name(self):
        return self.cursor.spelling

    @property
    def type(self):
        return self.cursor.type.get_canonical()

    @property
    def is_await(self):
        return (
            self.kind == CursorKind.UNEXPOSED_EXPR
            and self.text.startswith(AWAIT)
            and len(self.cursor_children()) > 1
        )

    def cursor_children(self):
        return list(self.cursor.get_children())

    def walk(self, into_lambdas=True):
        """This node and all below it, in the order in which they are written."""
        yield self
        for child in self.children:
            if into_lambdas or child.kind != CursorKind.LAMBDA_EXPR:
                yield from child.walk(into_lambdas)

    def ancestors(self):
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def unwrapped(self):
        """The expression itself, without what clang has around it."""
        node = self
        while not node.is_await and node.kind in TRANSPARENT and len(node.children) == 1:
            node = node.children[0]
        return node

    def function(self):
        """The function or lambda that this is a part of."""
        return next((node for node in self.ancestors() if node.kind in FUNCTIONS), None)

    def awaits(self):
        """The awaits of this function itself, not those of lambdas in it."""
        return [node for child in self.children for node in child.walk(into_lambdas=False) if node.is_await]


def precompile(text, flags, path):
    """Compiles the text into a file for `-include-pch`, and tells whether that succeeded.

    What functions of headers do is left out where clang can: what is told of a file does not depend on it.
    """
    unit = cindex.Index.create().parse(
        "precompiled.hpp", args=["-x", "c++-header", *flags], unsaved_files=[("precompiled.hpp", text)],
        options=cindex.TranslationUnit.PARSE_SKIP_FUNCTION_BODIES,
    )
    if any(diagnostic.severity >= cindex.Diagnostic.Error for diagnostic in unit.diagnostics):
        return False
    try:
        unit.save(path)
    except cindex.TranslationUnitSaveError:
        return False
    return True


class Source:
    """A file that was parsed."""

    def __init__(self, path, flags):
        index = cindex.Index.create()
        self.path = path
        # clang counts octets.
        with open(path, encoding="latin-1", newline="") as file:
            self.text = file.read()
        self.lines = self.text.split("\n")
        self.unit = index.parse(path, args=flags)
        self.root = Node(self.unit.cursor, None, self)
        for cursor in self.unit.cursor.get_children():
            if cursor.location.file and cursor.location.file.name == path:
                self.root.children.append(self._read(cursor, self.root))

    def _read(self, cursor, parent):
        node = Node(cursor, parent, self)
        for child in self._written(node):
            node.children.append(self._read(child, node))
        return node

    def _written(self, node):
        """The children without those that a compiler adds to an await, a co_return and the body of a coroutine."""
        children = node.cursor_children()
        if node.is_await:
            return children[:1]
        if node.kind == CursorKind.UNEXPOSED_STMT and children:
            if children[0].kind == CursorKind.COMPOUND_STMT:
                return children[:1]
            if node.text.startswith("co_return"):
                return [] if children[0].spelling.startswith("return_") else children[:1]
        return children

    def errors(self):
        """What keeps the file from being compiled."""
        return [d for d in self.unit.diagnostics if d.severity >= cindex.Diagnostic.Error]

    def functions(self):
        """All functions and lambdas with a body."""
        return [node for node in self.root.walk() if node.kind in FUNCTIONS and body_of(node) is not None]

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def column_of(self, offset):
        return offset - (self.text.rfind("\n", 0, offset) + 1) + 1


def body_of(function):
    """The statement in braces; nothing for a declaration."""
    for child in reversed(function.children):
        if child.kind == CursorKind.COMPOUND_STMT:
            return child
        if child.kind == CursorKind.UNEXPOSED_STMT and child.children:
            if child.children[0].kind == CursorKind.COMPOUND_STMT:
                return child.children[0]
    return None


def is_coroutine(function):
    """Whether the function awaits or says co_return itself."""
    return any(
        node.is_await or (node.kind == CursorKind.UNEXPOSED_STMT and node.text.startswith("co_return"))
        for child in function.children
        for node in child.walk(into_lambdas=False)
    )


def refers_to(node, declaration):
    """Whether the expression is the name of what is declared there."""
    referenced = node.cursor.referenced if node.kind == CursorKind.DECL_REF_EXPR else None
    return referenced is not None and referenced == declaration


def is_task(a_type):
    return bool(re.match(r"(const )?taut::Task<", a_type.get_canonical().spelling))


def is_awaiter(a_type):
    """Whether values of the type do nothing until they are awaited."""
    name = a_type.get_canonical().spelling
    return is_task(a_type) or bool(re.match(r"(const )?taut::[\w:]*(Awaiter|PooledReceive|ReadableOperation)$", name))


def is_record(a_type):
    return a_type.get_canonical().kind == cindex.TypeKind.RECORD


def is_reference(a_type):
    return a_type.get_canonical().kind in (cindex.TypeKind.LVALUEREFERENCE, cindex.TypeKind.RVALUEREFERENCE)
