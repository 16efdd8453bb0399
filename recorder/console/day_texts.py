"""What the pages of the day say by code. Message ids."""

from __future__ import annotations

from recorder.console.texts import Problem
from web.i18n import N_

KINDS = {
    "hearing": N_("Court sitting"),
    "preliminary": N_("Preliminary court sitting"),
    "preliminary_hearing": N_("Preliminary hearing"),
    "proceedings": N_("Court proceedings"),
    "trial": N_("Main trial"),
    "reconciliation": N_("Reconciliation procedure"),
    "visiting": N_("Visiting sitting"),
    "action": N_("Separate procedural action"),
    "investigating_judge": N_("Sitting of the investigating judge"),
    "appeal": N_("Sitting of the appellate instance"),
}

#: How a list came.
WAYS = {
    "page": N_("From this page"),
    "command": N_("By command"),
    "folder": N_("From the folder"),
    "api": N_("From the case system"),
}

#: Findings of recorder.cases.reconciliation.
FINDINGS = {
    "no-record": Problem(
        N_("Listed, and there is no record"),
        N_(
            "If it was held, tell the administrator now. If it was not: the judge notes that no protocol is kept, or the case system cancels it."
        ),
    ),
    "not-sealed": Problem(
        N_("The record is not sealed"), N_("Open it and finish the hearing; if it is finished, call the administrator.")
    ),
    "unlisted": Problem(
        N_("Recorded, and nobody listed it"), N_("Check the case number; have the case system list it.")
    ),
    "not-drafted": Problem(
        N_("No protocol is drafted yet"), N_("Open the hearing and have the brief protocol drafted.")
    ),
    "unsigned": Problem(N_("The protocol is not signed yet"), N_("The secretary and the presiding judge sign it.")),
    "overdue": Problem(N_("The term for the protocol is over"), N_("Sign it today and tell the presiding judge.")),
    "term-unknown": Problem(N_("The term cannot be counted"), N_("The administrator enters the year's holidays.")),
}

#: Answers of the list's own routes.
NO_TOKEN = Problem(
    N_("The token is not right."), N_("Send the token of cases.token; without one in the settings nothing is taken.")
)
NO_LIST = Problem(
    N_("The day's list cannot be read."),
    N_("Enter hearings by hand below. Call the administrator: records are not touched by this."),
)
