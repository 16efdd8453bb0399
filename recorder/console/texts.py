"""What the console says by code: states, roles, errors of the daemon, findings. Message ids, translated where they are shown.

«Finished» (the hearing is over) and «in camera» (закрытое заседание) are two words in every language: domain terms, not taste.
"""

from __future__ import annotations

from typing import NamedTuple

from web.i18n import N_, Translator


class Problem(NamedTuple):
    """What is wrong, and what to do about it."""

    message: str
    advice: str


LAWS = {
    "gpk": N_("Civil case"),
    "upk": N_("Criminal case"),
    "appk": N_("Administrative justice case"),
    "koap": N_("Administrative offence case"),
}

PUBLICITY = {"open": N_("Public hearing"), "closed": N_("Hearing in camera")}

CASE_LANGUAGES = {"kk": N_("Kazakh"), "ru": N_("Russian")}
SPEECH_LANGUAGES = {**CASE_LANGUAGES, "en": N_("English")}

STATES = {
    "planned": N_("Not started"),
    "recording": N_("Recording"),
    "paused": N_("Paused"),
    "faulty": N_("Recording fault"),
    "finished": N_("Finished"),
    "drafted": N_("Finished, draft ready"),
    "certified": N_("Certified"),
    "archived": N_("Archived"),
}

ATTENDANCE = {"present": N_("Present"), "remote": N_("By video link"), "absent": N_("Absent")}

ROLES = {
    "judge": N_("Presiding judge"),
    "secretary": N_("Secretary of the hearing"),
    "plaintiff": N_("Plaintiff"),
    "defendant": N_("Defendant"),
    "third_party": N_("Third party"),
    "interested_person": N_("Interested person"),
    "representative": N_("Representative"),
    "prosecutor": N_("Prosecutor"),
    "state_prosecutor": N_("State prosecutor"),
    "counsel": N_("Defence counsel"),
    "accused": N_("Defendant in a criminal case"),
    "victim": N_("Victim"),
    "civil_plaintiff": N_("Civil plaintiff"),
    "civil_defendant": N_("Civil defendant"),
    "offender": N_("Person subject to the proceedings"),
    "witness": N_("Witness"),
    "expert": N_("Expert"),
    "specialist": N_("Specialist"),
    "interpreter": N_("Interpreter"),
    "other": N_("Other participant"),
}

SOURCE_STATES = {
    "absent": N_("No connection"),
    "ready": N_("Ready"),
    "recording": N_("On record"),
    "lost": N_("Signal lost"),
    "unknown": N_("Unknown"),
}

#: Errors of the daemon's API, by code.
ERRORS = {
    "recorder-gone": Problem(
        N_("The recorder does not answer."),
        N_("If it was recording, it may still be. Call the administrator; keep a written protocol until the state is shown here."),
    ),
    "recorder-answer": Problem(
        N_("The recorder gave an answer that this page does not understand."),
        N_("Reload the page; if it stays, call the administrator."),
    ),
    "in-camera": Problem(N_("This part was held in camera."), N_("It can be opened in the archive only, by a judge, with its key.")),
    "no-file": Problem(N_("There is no such file in this record."), N_("Reload the page; if it stays, have the record verified.")),
    "no-hearing": Problem(N_("This hearing is not on this recorder."), N_("Choose a hearing from today's list.")),
    "no-source": Problem(N_("This camera gives no picture."), N_("Check its power and cable; a picture takes a few seconds to come.")),
    "illegal-move": Problem(
        N_("The hearing's state does not allow this now."),
        N_("Look at the present state; another person may have acted a moment ago."),
    ),
    "hearing-runs": Problem(
        N_("Another hearing is being recorded."), N_("Open it, pause or stop it, then start this one.")
    ),
    "bad-request": Problem(N_("The recorder did not accept what was entered."), N_("Check the form and send it again.")),
    "nothing-recorded": Problem(
        N_("Nothing is being recorded: no data came from the microphones or cameras."),
        N_("Check that they are switched on and connected, then start again. If it fails, keep a written protocol and note the reason."),
    ),
    "no-closed-keys": Problem(
        N_("This box cannot record in camera: it does not know whose keys will open the recording later."),
        N_("Ask the administrator to set the keys of the archive and the escrow. Until then pause the recording for the part in camera and keep a written protocol of it."),
    ),
    "keys-forgotten": Problem(
        N_("The keys of this part in camera are not on this box any more."), N_("It can be opened in the archive, by a judge who says for what.")
    ),
    "disk-failed": Problem(
        N_("The recording cannot be written to the disk."),
        N_("Call the administrator. Keep a written protocol until «Recording» is shown."),
    ),
    "not-signed": Problem(
        N_("What was recorded is safe, but it could not be signed."),
        N_("Call the administrator: the signer does not answer. Press again once it does."),
    ),
    "not-measured": Problem(
        N_("The recording could not be measured. It is safe itself."),
        N_("Ask again; if it fails again, call the administrator."),
    ),
    "not-drafted": Problem(
        N_("The brief protocol could not be made. The recording itself is safe."),
        N_("Ask again; if it fails again, call the administrator."),
    ),
    "brief-incomplete": Problem(
        N_("Points that the law requires are missing, and nobody wrote why."),
        N_("Write a reason beside each, make the protocol again, then confirm it."),
    ),
}

#: Health findings of the recorder (recorder.findings), by code.
FINDINGS = {
    "source-lost": Problem(
        N_("{source}: no signal"), N_("Check power and cable of this device. The recorder tries again by itself; the gap is noted.")
    ),
    "nothing-recorded": Problem(
        N_("Nothing is being recorded"), N_("Tell the judge. Keep a written protocol until a device is back, and note the reason.")
    ),
    "digital-silence": Problem(N_("{source}: no sound at all"), N_("Check the switch and the cable of this microphone.")),
    "microphone-silent": Problem(
        N_("{source}: hears nothing while others speak"),
        N_("Check that this microphone is switched on and stands in its place."),
    ),
    "clipping": Problem(
        N_("{source}: too loud, the sound is cut off"),
        N_("Turn this microphone's gain down or move it away from the speaker."),
    ),
    "hum": Problem(N_("{source}: mains hum"), N_("Keep this microphone's cable away from power cables. Call the administrator.")),
    "constant-offset": Problem(
        N_("{source}: constant offset in the signal"),
        N_("This microphone or its interface is faulty: use another one. Call the administrator."),
    ),
    "picture-black": Problem(N_("{source}: the picture is black"), N_("Open the camera's lens or switch the light on.")),
    "picture-frozen": Problem(N_("{source}: the picture is frozen"), N_("Switch this camera off and on again. Call the administrator.")),
    "encoder-behind": Problem(
        N_("{source}: pictures are missing, the recorder cannot keep up with this camera"),
        N_("Recording goes on. Tell the administrator: this camera needs a smaller picture, or one with H.264."),
    ),
    "picture-blurred": Problem(
        N_("{source}: the camera is covered or out of focus"),
        N_("Look at this camera's picture; uncover or clean its lens."),
    ),
    "disk-full-soon": Problem(N_("The disk will soon be full"), N_("Call the administrator now: less than half an hour may be left.")),
    "clock-off": Problem(
        N_("The system clock was moved away from the recording's clock"),
        N_("Note the true time in a remark. Call the administrator."),
    ),
    "machine-hot": Problem(N_("The recorder is too hot"), N_("Clear its air openings. Call the administrator.")),
    "machine-busy": Problem(N_("The recorder is overloaded"), N_("Call the administrator after the hearing.")),
    "journal-failed": Problem(N_("The disk refuses the journal"), N_("Call the administrator now. Keep a written protocol.")),
    "disk-failed": Problem(N_("The recording cannot be written to the disk."), N_("Call the administrator now. Keep a written protocol.")),
    "not-signed": Problem(
        N_("The record is not being signed"),
        N_("The recording goes on. Call the administrator: the signer does not answer."),
    ),
    "disk-low": Problem(N_("The disk is nearly full"), N_("Call the administrator before the next hearing.")),
    "clock-unsynchronized": Problem(
        N_("The recorder's clock is not synchronised"), N_("Call the administrator; note the true time in a remark.")
    ),
    "readback-differs": Problem(
        N_("{source}: what was written is not what was captured"), N_("Call the administrator. Keep a written protocol.")
    ),
    "readback-failed": Problem(
        N_("{source}: a closed file cannot be read back"), N_("Call the administrator. Keep a written protocol.")
    ),
    "segment-unreadable": Problem(
        N_("{source}: a file could not be read after a crash"), N_("The rest is kept. Call the administrator.")
    ),
    "heard-in-pause": Problem(
        N_("{source}: sound or picture arrives although the hearing is paused"),
        N_("Switch this device off at its own switch until the hearing goes on. Call the administrator."),
    ),
    "segment-damaged": Problem(
        N_("{source}: the disk refused while a file was written"),
        N_("What could be saved is kept, and the rest goes on in a new file. Call the administrator: this disk may be failing."),
    ),
    "second-copy-failed": Problem(
        N_("The second copy is not being written"),
        N_("The recording goes on. Check the second disk's cable: what is missing is added when it is back. Call the administrator."),
    ),
    "check-short": Problem(
        N_("{source}: part of what was captured is missing"), N_("Check the cable of this device. Call the administrator.")
    ),
    "check-unverified": Problem(
        N_("The record of the check does not verify"), N_("Call the administrator. Keep a written protocol.")
    ),
    "check-disk": Problem(N_("The disk refuses to store"), N_("Call the administrator now. Keep a written protocol.")),
    "source-unavailable": Problem(N_("{source}: no connection"), N_("Check power, cable and switch of this device.")),
    "source-refused": Problem(
        N_("{source}: the camera refuses its password"), N_("The administrator has to correct the password in the settings.")
    ),
    "source-format": Problem(
        N_("{source}: gives other data than expected"), N_("The administrator has to check this device in the settings.")
    ),
    "capture-behind": Problem(
        N_("{source}: the recorder cannot keep up"), N_("Call the administrator; the gap is noted in the record.")
    ),
    "capture-config": Problem(N_("{source}: wrong settings"), N_("The administrator has to correct the settings.")),
}

UNKNOWN_FINDING = Problem(N_("{source}: {code}"), N_("Call the administrator and give this code."))
UNKNOWN_ERROR = Problem(N_("The recorder refused ({code})."), N_("Try again; if it stays, call the administrator and give this code."))


def finding_texts(lang: Translator, code: str, source: str) -> Problem:
    """A finding in the reader's language; ``source`` is the device's label."""
    found = FINDINGS.get(code, UNKNOWN_FINDING)
    message = lang(found.message, source=source or lang(N_("Recorder")), code=code)
    return Problem(message, lang(found.advice))


def error_texts(lang: Translator, code: str) -> Problem:
    """An error of the daemon in the reader's language."""
    found = ERRORS.get(code, UNKNOWN_ERROR)
    return Problem(lang(found.message, code=code), lang(found.advice))
