"""What is wrong with a setting of storage that only its service can tell; what the text alone tells, `device_config.settings` refuses.

::

    SettingUnfit (StorageError)   a setting cannot be used; nothing was read or changed
    ├── AuthoritiesUnfit          the list of time stamp authorities cannot be read
    ├── NoLog                     no log is set that the monitor could watch
    └── LogRenamed                archive.name is another than the one under which the log was begun
    MonitorUnfit, WitnessUnfit    (storage.errors) a memory cannot be used
    ├── MonitorBusy               another monitor uses it
    ├── OtherLog                  it is about another log than the settings
    ├── WitnessBusy               another process is this witness
    └── WitnessRenamed            witness.name is another than the one that the key was made with
"""

from __future__ import annotations

from storage.errors import MonitorUnfit, StorageError, WitnessUnfit


class SettingUnfit(StorageError):
    """A setting cannot be used."""

    code = "setting-unfit"
    exit_status = 78  # EX_CONFIG
    advice = "Correct the setting that is named (docs/settings.md); `hattama settings check` tries again."


class AuthoritiesUnfit(SettingUnfit):
    """The list of time stamp authorities cannot be read."""

    code = "authorities-unfit"
    advice = (
        "Put the authorities' certificates into the file that archive.tsa.authorities names, in PEM and readable by this service, or correct its path; "
        "without time stamps leave [archive.tsa] out."
    )


class NoLog(SettingUnfit):
    """No log is set that the monitor could watch."""

    code = "no-log"
    advice = "Set monitor.url to the archive's address with /log, and monitor.key to what `hattama archive key` prints there."


class LogRenamed(SettingUnfit):
    """The archive's name is another than the one under which its log was begun."""

    code = "log-renamed"
    advice = (
        "Set archive.name back: it is part of the log's origin, which stands in every checkpoint and receipt, and cannot change. "
        "The log is as it was. An archive of another name begins in another state_dir and database."
    )


class MonitorBusy(MonitorUnfit):
    """Another monitor uses this memory."""

    code = "monitor-busy"
    advice = "Wait until the other one has ended, and run it again; nothing was read."


class OtherLog(MonitorUnfit):
    """The monitor's memory is about another log than the settings."""

    code = "other-log"
    advice = "Set monitor.key back to the key of the log that was watched; for another log use another state_dir, so that what was seen of both is kept."


class WitnessBusy(WitnessUnfit):
    """Another process is this witness."""

    code = "witness-busy"
    advice = "End the other process first: a witness is one process, so that it never cosigns two histories."


class WitnessRenamed(WitnessUnfit):
    """The witness's name is another than the one that its key was made with."""

    code = "witness-renamed"
    advice = "Set witness.name back: logs and monitors know the key by it. A witness of another name begins in another state_dir, with a key that is given to them anew."
