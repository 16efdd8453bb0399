"""The three ceremonies of a passkey: adding one, signing in by one, confirming an act by one (WebAuthn 7.1 and 7.2; through py_webauthn).

Each begins with a challenge of 32 random bytes that is kept beside the accounts (web.challenges) for one session (before there is one, for one browser: a cookie of its own), one purpose, one
subject and five minutes, and is gone with the first answer, right or wrong. Each answer must come from the page's own address, for the settings' domain,
from a device that has verified its user (PIN, finger, face), and for sign-in and confirmation from a key that we know, whose account is not disabled, and whose
counter went on.

What was wrong with an answer stands in the log; the person is told that it was not accepted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from web.accounts import Account, Accounts
from web.challenges import LIFETIME_S, Challenges, Purpose
from web.errors import NoPasskeysHere, PasskeyRefused, UnknownPasskey
from web.passkeys import Passkey, Passkeys, RelyingParty

#: What the person's device calls this site.
SITE = "Хаттама"

Answer = Mapping[str, Any]

log = structlog.get_logger("web")


class Ceremonies:
    """The ceremonies of one app.

    Args:
        accounts: who may sign in.
        party: the court's own address; None: passkeys are not set up.
        clock: seconds since 1970, UTC.
        challenges: what waits for an answer.
    """

    def __init__(
        self,
        accounts: Accounts,
        party: RelyingParty | None,
        clock: Callable[[], float] = time.time,
        challenges: Challenges | None = None,
    ) -> None:
        self._accounts = accounts
        self.passkeys = Passkeys(accounts.path)
        self.party = party
        self._clock = clock
        self._challenges = challenges or Challenges(accounts.path, clock)

    def offered(self, origin: str) -> bool:
        """Whether a page that was opened under this address can use passkeys."""
        return self.party is not None and origin in self.party.origins

    def begin_adding(self, account: Account, session: str, origin: str) -> dict[str, Any]:
        """Options for ``navigator.credentials.create``, as JSON; raises NoPasskeysHere."""
        party = self._party(origin)
        return options_to_json_dict(
            generate_registration_options(
                rp_id=party.domain,
                rp_name=SITE,
                user_id=self.passkeys.handle(account.name),
                user_name=account.name,
                user_display_name=account.display,
                challenge=self._challenges.make(session, Purpose.ADD),
                timeout=LIFETIME_S * 1000,
                authenticator_selection=AuthenticatorSelectionCriteria(
                    resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
                ),
                exclude_credentials=self._known(account),
            )
        )

    def finish_adding(self, account: Account, session: str, origin: str, label: str, answer: Answer) -> Passkey:
        """Keep the new key.

        Raises:
            NoPasskeysHere, PasskeyRefused, BadLabel, LabelTaken, TooManyPasskeys: see :mod:`web.errors`.
        """
        party = self._party(origin)
        challenge = self._challenges.take(session, Purpose.ADD)
        try:
            found = verify_registration_response(
                credential=dict(answer),
                expected_challenge=challenge,
                expected_rp_id=party.domain,
                expected_origin=origin,
                require_user_verification=True,
            )
        except Exception as error:
            raise PasskeyRefused(f"{type(error).__name__}: {error}") from error
        passkey = Passkey(
            found.credential_id,
            account.name,
            " ".join(label.split()),
            found.credential_public_key,
            found.sign_count,
            _transports(answer),
            int(self._clock()),
        )
        self.passkeys.add(passkey)
        log.info("passkey added", action="passkey_added", account=account.name, passkey=passkey.label)
        return passkey

    def begin_sign_in(self, browser: str, origin: str) -> dict[str, Any]:
        """Options for ``navigator.credentials.get`` that name no account: the device offers what it has for this site; raises NoPasskeysHere."""
        return self._asking(origin, self._challenges.make(browser, Purpose.SIGN_IN), [])

    def finish_sign_in(self, browser: str, origin: str, answer: Answer) -> tuple[Account, Passkey]:
        """Whose key it is; raises NoPasskeysHere, PasskeyRefused."""
        party = self._party(origin)
        challenge = self._challenges.take(browser, Purpose.SIGN_IN)
        passkey = self._named(answer)
        # A discoverable credential names its user (WebAuthn 7.2, step 6).
        if _bytes(answer, "response", "userHandle") != self.passkeys.handle(passkey.name):
            raise PasskeyRefused(f"the answer names another user than {passkey.name}")
        return self._checked(passkey, party, challenge, origin, answer), passkey

    def begin_confirming(self, account: Account, session: str, origin: str, subject: str) -> dict[str, Any]:
        """Options for ``navigator.credentials.get`` with this account's keys only.

        Args:
            account: who is signed in.
            session: its session's id.
            origin: address under which the page was opened.
            subject: which act is confirmed.

        Raises:
            NoPasskeysHere: also where the account has none.
        """
        known = self._known(account)
        if not known:
            raise NoPasskeysHere(f"{account.name} has no passkey")
        return self._asking(origin, self._challenges.make(session, Purpose.CONFIRM, subject), known)

    def finish_confirming(self, account: Account, session: str, origin: str, subject: str, answer: Answer) -> Passkey:
        """It is still the same person; raises NoPasskeysHere, PasskeyRefused."""
        party = self._party(origin)
        challenge = self._challenges.take(session, Purpose.CONFIRM, subject)
        passkey = self._named(answer)
        if passkey.name != account.name:
            raise PasskeyRefused(f"a passkey of {passkey.name} for {account.name}")
        self._checked(passkey, party, challenge, origin, answer)
        return passkey

    def known(self, answer: Answer) -> Passkey | None:
        """The key that an answer names, not checked; None: no account has it."""
        try:
            return self._named(answer)
        except PasskeyRefused:
            return None

    def _party(self, origin: str) -> RelyingParty:
        if self.party is None or not self.offered(origin):
            raise NoPasskeysHere(f"no passkeys at {origin}")
        return self.party

    def _known(self, account: Account) -> list[PublicKeyCredentialDescriptor]:
        return [
            PublicKeyCredentialDescriptor(
                id=one.credential, transports=[AuthenticatorTransport(name) for name in one.transports] or None
            )
            for one in self.passkeys.of(account.name)
        ]

    def _asking(self, origin: str, challenge: bytes, known: list[PublicKeyCredentialDescriptor]) -> dict[str, Any]:
        options = generate_authentication_options(
            rp_id=self._party(origin).domain,
            challenge=challenge,
            timeout=LIFETIME_S * 1000,
            allow_credentials=known,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json_dict(options)

    def _named(self, answer: Answer) -> Passkey:
        try:
            return self.passkeys.find(_bytes(answer, "rawId"))
        except UnknownPasskey as error:
            raise PasskeyRefused("no account has this passkey") from error

    def _checked(self, passkey: Passkey, party: RelyingParty, challenge: bytes, origin: str, answer: Answer) -> Account:
        try:
            found = verify_authentication_response(
                credential=dict(answer),
                expected_challenge=challenge,
                expected_rp_id=party.domain,
                expected_origin=origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=0,  # the counter is compared below, where what is refused has a right signature
                require_user_verification=True,
            )
        except Exception as error:
            raise PasskeyRefused(f"{type(error).__name__}: {error}") from error
        account = self._accounts.get(passkey.name)
        if account.disabled:
            raise PasskeyRefused(f"{passkey.name} is disabled")
        if not self.passkeys.count(passkey, found.new_sign_count, int(self._clock())):
            log.error(
                "a passkey's counter did not go on: there may be a copy of it",
                action="passkey_counter_refused",
                account=passkey.name,
                passkey=passkey.label,
                counter=found.new_sign_count,
            )
            raise PasskeyRefused(f"counter {found.new_sign_count} of {passkey.label!r} did not go on")
        return account


def _bytes(answer: Answer, *names: str) -> bytes:
    """A value of the answer, base64url; nothing where it is not there."""
    value: Any = answer
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    try:
        return base64url_to_bytes(value) if isinstance(value, str) else b""
    except ValueError:
        return b""


def _transports(answer: Answer) -> tuple[str, ...]:
    response = answer.get("response")
    told = response.get("transports") if isinstance(response, Mapping) else None
    known = {one.value for one in AuthenticatorTransport}
    return tuple(sorted({one for one in told if isinstance(one, str)} & known)) if isinstance(told, list) else ()
