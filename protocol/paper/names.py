"""Names that a template may use: what each means, and which of them a document must show by law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Catalogue:
    """What a kind of document offers to its templates.

    Attributes:
        texts: name → what it gives, for people.
        flags: name → when it holds; for ``%if`` and ``%unless`` only.
        lists: name of a list → what its items are.
        items: name of a list → name within an item → what it gives.
    """

    texts: Mapping[str, str]
    flags: Mapping[str, str]
    lists: Mapping[str, str]
    items: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Requirement:
    """A name that the law wants on the page: one of `names`, by `article` in words."""

    names: tuple[str, ...]
    article: str


Item = Mapping[str, str]


@dataclass(frozen=True)
class Values:
    """Values of one document under the names of its catalogue."""

    texts: Mapping[str, str]
    flags: Mapping[str, bool]
    lists: Mapping[str, tuple[Item, ...]]

    def holds(self, name: str, item: tuple[str, Item] | None) -> bool:
        """Whether a name is there: a flag that holds, a text that is not blank, a list with items."""
        if name in self.flags:
            return self.flags[name]
        if name in self.lists:
            return bool(self.lists[name])
        return bool(self.text(name, item).strip())

    def text(self, name: str, item: tuple[str, Item] | None) -> str:
        """A text by name; `item` is the list whose items are gone through, and the item.

        Raises:
            KeyError: no such name; a checked template has none.
        """
        first, dot, second = name.partition(".")
        if not dot:
            return self.texts[name]
        if item is None or item[0] != first:
            raise KeyError(name)
        return item[1][second]
