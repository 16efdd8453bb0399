"""The newest passages first, out of an index of words that knows no order.

Every passage is marked in that index with the spans of time that it lies in: its day (``/1d/20719``), and its 8, 64 and 512 days, counted from 1970 (UTC).
A mark begins with what no word holds: ``64d*`` is typed, and would be the beginning of a mark that began with it.
A search asks for its words in the two newest spans of a day, then in those of 8 days before them, and so on, at last in all that is older, and ends where it has
enough. So the index itself leaves out what is too old, and about as many rows are read as are shown, not every row that fits: among millions of passages that
is the difference between a few pages of the disk and thousands.

All of it is one statement, the parts of a UNION ALL with a LIMIT, which both databases run one after the other as far as they are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa

from storage.archive.tables import passage

DAY_US = 86_400_000_000
SPANS = (1, 8, 64, 512)  # days

Holding = Callable[[Sequence[str], Sequence[str]], sa.ColumnElement[bool]]


def span_marks(at_us: int) -> list[str]:
    """What a passage of this moment (UTC µs) is marked with."""
    day = max(at_us, 0) // DAY_US
    return [f"/{span}d/{day // span}" for span in SPANS]


def newest(
    db: sa.Connection, holding: Holding, limit: int, offset: int, now_us: int, times: tuple[int | None, int | None]
) -> list[int]:
    """The newest passages that hold what is asked for.

    Args:
        db: the catalogue's transaction.
        holding: the condition that a passage holds it, one of the first marks of spans (none: of any time), and none of the second ones.
        limit: how many at most.
        offset: how many newer ones are passed over.
        now_us: UTC µs. What a box with a clock that is ahead sent is looked through apart, so that it does not shift the spans.
        times: passages from the first moment to before the second one, UTC µs; None: without end.

    Returns:
        Their ids, the newest first.
    """
    from_us, to_us = times
    at = passage.c.at_us
    bounds = [at >= from_us] if from_us is not None else []
    bounds += [at < to_us] if to_us is not None else []
    last = db.execute(sa.select(sa.func.max(at)).where(*bounds)).scalar_one()
    if last is None:
        return []
    parts = []
    for begin, end, marks, without in _spans(min(int(last), now_us + DAY_US), from_us):
        inside = [*bounds, *([at < end] if end is not None else []), *([at >= begin] if begin is not None else [])]
        # «+ 0»: ordered by the index of moments, a rare word would be looked for in every passage from the newest to the oldest.
        part = (
            sa.select(passage.c.id)
            .where(holding(marks, without), *inside)
            .order_by((at + 0).desc(), passage.c.id.desc())
        )
        parts.append(sa.select(part.limit(offset + limit).subquery().c.id))
    return list(db.execute(sa.union_all(*parts).limit(limit).offset(offset)).scalars())


def _spans(last_us: int, from_us: int | None) -> Iterator[tuple[int | None, int | None, list[str], list[str]]]:
    """From the newest to the oldest, each beginning where the one before it ends: the first moment, the first moment after it, the marks, marks of others.

    None: no bound is asked for, for there is none or the marks say it.
    """
    day = max(last_us, 0) // DAY_US
    end = (day + 1) * DAY_US
    yield end, None, [], []
    marks: list[str] = []
    for span in SPANS:
        number = day // span
        marks = [f"/{span}d/{each}" for each in range(max(number - 1, 0), number + 1)]
        yield None, end, marks, []
        end = max(number - 1, 0) * span * DAY_US
        if end <= (from_us or 0):
            return
    yield None, end, [], marks
