"""A map or list while it is being read: it has begun, and its end has not come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from neurotrain.language.tree import Node, Place, SpecPath


@dataclass(slots=True)
class Opened:
    """What is known of it so far. A list never expects a key."""

    place: Place
    is_map: bool
    flow: bool
    anchor: str | None
    nodes_before: int
    expects_key: bool
    is_key: bool = False
    entries: dict[str, Node] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)
    key: str = ""
    key_place: Place | None = None
    drops_value: bool = False
    """The value of the key is read but not kept, since the key is faulty."""
    height: int = 1

    def take_key(self, key: str, place: Place, *, keeps_value: bool) -> None:
        """Expect the value of this key next."""
        self.key, self.key_place, self.drops_value = key, place, not keeps_value
        self.expects_key = False

    def take_value(self, node: Node, height: int) -> None:
        """Keep the next value."""
        if height >= self.height:
            self.height = height + 1
        if not self.is_map:
            self.items.append(node)
            return
        self.expects_key = True
        if not self.drops_value:
            self.entries[self.key] = node

    def extent(self, end_line: int, end_column: int) -> Place:
        """The place of the whole, which reaches at most to the end of what its first line holds.

        The end is where the closing bracket ends; it counts for maps and lists in brackets only.
        """
        end = self.place.column + 1
        if self.flow and end_line == self.place.line:
            end = end_column
        else:
            for part in self._parts():
                if part.line != self.place.line:
                    break
                end = max(end, part.column + part.length)
        length = end - self.place.column
        if length == self.place.length:
            return self.place
        return Place(
            file=self.place.file, line=self.place.line, column=self.place.column, length=length
        )

    def _parts(self) -> Iterable[Place]:
        """The places of its keys and values in order."""
        for node in self.entries.values() if self.is_map else self.items:
            if node.key_place is not None and self.is_map:
                yield node.key_place
            yield node.place


def path_of(stack: list[Opened]) -> SpecPath:
    """The path of the value, or of the key if none has come, that is read next."""
    path: list[str | int] = []
    for opened in stack:
        if not opened.is_map:
            path.append(len(opened.items))
        elif not opened.expects_key:
            path.append(opened.key)
    return tuple(path)
