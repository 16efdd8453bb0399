"""Texts about signing, remarks and terms, by the codes that the recorder gives."""

from __future__ import annotations

from recorder.console.daemon import DaemonError
from recorder.console.texts import ERRORS, Problem, error_texts
from web.i18n import N_, Translator

#: What is wrong with a signature (protocol.signatures.report).
FINDINGS = {
    "malformed": N_("The signature, or the file, cannot be read."),
    "altered": N_("What was signed was changed."),
    "bad-signature": N_("The signature was not made by the key of its certificate."),
    "changed-after": N_("The file was changed after it was signed."),
    "untrusted-issuer": N_("The certificate was not issued by an authority that this court trusts."),
    "expired": N_("The certificate has expired."),
    "not-yet-valid": N_("The certificate is not valid yet, or the clock of the signature is ahead."),
    "revoked": N_("The certificate was revoked."),
    "revocation-unknown": N_(
        "The court's revocation lists say nothing about this certificate: they may be out of date."
    ),
    "unfit-certificate": N_("The certificate is not one for signatures."),
    "wrong-role": N_("This key's owner may not sign in this role."),
    "unknown-role": N_("The signature is in no role that is known."),
    "same-person": N_("One person signed in two roles."),
    "missing-signature": N_("A signature is missing, or there is one too many."),
    "not-this-file": N_(
        "This is not the file that the record holds, or somebody signed it a moment ago: load the page again."
    ),
}

#: What else can go wrong.
PROBLEMS = {
    "signature-refused": Problem(N_("The signature was not accepted."), N_("Nothing was taken into the record.")),
    "wrong-password": Problem(
        N_("The password of your account is wrong."), N_("Enter the password with which you sign in here.")
    ),
    "wait": Problem(N_("Too many wrong passwords."), N_("Wait a minute, then try again.")),
    "passkey-refused": Problem(N_("The passkey was not accepted."), N_("Try again, or use the password.")),
    "no-passkeys": Problem(N_("Passkeys cannot be used here."), N_("Use the password.")),
    "key-unusable": Problem(
        N_("The key cannot be opened."), N_("Check the key's password, and that the file is your own key (.p12, .pfx).")
    ),
    "page-not-ready": Problem(
        N_("The page was not ready to ask the key client."),
        N_("Nothing was signed. Enter your password and sign again."),
    ),
    "already-signed": Problem(N_("This is signed in your role already."), N_("Load the page again.")),
    "not-signable": Problem(N_("This file cannot be signed."), N_("Load the page again and sign what it shows.")),
    "no-trust-list": Problem(
        N_("No signature can be checked here: the court's trust list is missing."), N_("Call the administrator.")
    ),
    "bad-trust-list": Problem(N_("The court's trust list cannot be read."), N_("Call the administrator.")),
    "wrong-role": Problem(
        N_("Your role does not sign this."), N_("The secretary certifies; the judge and the secretary sign.")
    ),
    "signing-expired": Problem(
        N_("This signing took too long, or was done already."), N_("Load the page again and sign anew.")
    ),
    "bad-attachment": Problem(N_("The files are too large."), N_("All files together may have 20 MB.")),
    "bad-time": Problem(
        N_("A time does not fit the recording."),
        N_("Write times as they were in the courtroom, for instance 10:04:15, and separate them by commas."),
    ),
    "in-camera-time": Problem(
        N_("A time lies in the part in camera."),
        N_("Take the mark «open part only» away: what speaks of a part in camera is encrypted."),
    ),
    "bad-entry": Problem(
        N_("Something that is needed is missing."), N_("Fill in who, when and what; a rejection needs its reasons.")
    ),
}

#: Terms of the law (protocol.deadlines), by kind.
TERMS = {
    "protocol": N_("Brief protocol made and signed"),
    "complex": N_("Protocol of a complex case made and signed"),
    "full": N_("Full protocol made and signed"),
    "separate_action": N_("Protocol of a separate action made and signed"),
    "familiarise": N_("Participants may read the protocol"),
    "familiarise_full": N_("Participants may read the full protocol"),
    "remarks": N_("Remarks may be filed"),
    "review": N_("Remarks reviewed by the judge"),
}

DECISIONS = {
    "certified": N_("Certified as right"),
    "partly": N_("Rejected in part"),
    "rejected": N_("Rejected"),
}

SIGNERS = {"judge": N_("Presiding judge"), "secretary": N_("Secretary of the hearing")}


def problem_of(lang: Translator, error: DaemonError) -> tuple[Problem, list[str]]:
    """An error in the reader's language, and what is wrong with a signature, a sentence each."""
    known = PROBLEMS.get(error.code)
    told = (
        Problem(lang(known.message), lang(known.advice))
        if known and error.code not in ERRORS
        else error_texts(lang, error.code)
    )
    reasons = dict.fromkeys(code for code, _role in error.findings)
    return told, [lang(FINDINGS.get(code, code)) for code in reasons]
