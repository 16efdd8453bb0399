"""Documents that a court reads: a template of the court, filled from a value, in one model for every form of file.

::

    template file ──parse, check──► Template ──fill(values)──► Document ──► HTML ──► PDF/A
                                                                       ├──► DOCX
                                                                       ├──► JSON
                                                                       └──► CSV of its tables

Nothing here knows what a hearing is: the names that a template may use come in as a :class:`~protocol.paper.names.Catalogue`.
"""
