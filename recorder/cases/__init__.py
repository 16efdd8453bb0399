"""The day's list: hearings that the case system, or a clerk's table, announces to this box (docs/case-import.md).

::

    a file on the page ┐
    hattama cases import ├─ decoding ─ rows ─ fields ─► Listed, or Problems ─► CaseList (cases.sqlite) ─► the console's start page
    the watched folder │                                                          ▲
    POST /api/v1/cases ┘                              records on this box ─ reconciliation

The list is no evidence: it says what was planned. What happened is in the records, and the journal's ``case`` line is what a record says of its case.
"""
