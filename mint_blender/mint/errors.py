# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of calls to Mint's API. `str(error)` is a sentence for the user, without the key.

    MintError
    ├─ KeyMissing                 no key has been given
    │  ├─ KeyUnusable             what has been given cannot be a key
    │  └─ KeyWithheld             it is not for the address that the environment names
    ├─ Unreachable                no response: connection, TLS, proxy, timeout    (retryable)
    │  └─ NotSent                 the connection was lost before the request      (retryable)
    ├─ InvalidResponse            a response that cannot be parsed                (retryable)
    │  └─ MismatchedResponse      a response about another id                     (retryable)
    └─ ProblemError               a status other than 2xx; itself: an unknown one (retryable)
       ├─ UnclearRefusal          400 to 422 without Mint's reason (a gateway?), 511 (retryable)
       ├─ Refusal                 with Mint's reason: nothing was started
       │  ├─ InvalidRequest       400, 413, 422
       │  ├─ CreditsNeeded        402
       │  ├─ Forbidden            403
       │  │  └─ DownloadsDisabled
       │  ├─ NotFound             404
       │  └─ NotSupported         405
       ├─ KeyRefused              401
       ├─ Conflict                409
       │  ├─ IdempotencyConflict
       │  ├─ AlreadyOptimized
       │  └─ OptimizationInProgress
       ├─ CannotCancel            404, 405 to a cancel
       ├─ TooManyRequests         429                                             (retryable)
       │  └─ TooManyActive        the limit of generations at once
       └─ ServiceError            500, 502, 503, 504                              (retryable)

These errors mean that a call failed; failed work is an `Operation` with status failed, and no
exception. `jobs/paid_requests/send.py` decides what an error proves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from ..message import Message, UserError, sentences
from .redaction import redact


@dataclass(frozen=True)
class FieldError:
    """One entry of a problem's `errors`; `path` is a JSON pointer such as /prompt."""

    message: str
    path: str | None = None


@dataclass(frozen=True)
class Problem:
    """The members of a problem document (RFC 9457) that are present."""

    status: int
    slug: str | None = None
    title: str | None = None
    detail: str | None = None
    errors: tuple[FieldError, ...] = ()
    has_details: bool = True
    """False if the response had only a status, or a page or JSON of a gateway: not Mint's word."""

    @property
    def explanation(self) -> str | None:
        """Mint's explanation: the first field error, else the detail, else the title."""
        if self.errors:
            first = self.errors[0]
            return f"{first.path.lstrip('/')}: {first.message}" if first.path else first.message
        return self.detail or self.title


class MintError(UserError):
    """Base class of all errors of this package."""

    retryable = False
    """Whether the same call may succeed later."""
    retry_after: float | None = None
    request_id: str | None = None


class KeyMissing(MintError):
    """There is no API key; nothing was sent."""

    def __init__(self) -> None:
        super().__init__(
            Message(
                "No Mint API key is set. Enter one in the add-on's preferences or set the"
                " environment variable MINT_API_KEY. Create a key at platform.mint.gg;"
                " request beta access at hello@mint.gg."
            )
        )


class KeyWithheld(KeyMissing):
    """The stored key is not sent to an unconfirmed address from the environment."""

    def __init__(self, origin: str) -> None:
        MintError.__init__(
            self,
            Message(
                "MINT_API_BASE_URL points to {origin}, so your stored API key was not sent."
                " Set MINT_API_KEY too, or confirm this address in Blender.",
                origin=origin,
            ),
        )


class KeyUnusable(KeyMissing):
    """The key has characters that no key has; nothing was sent."""

    def __init__(self) -> None:
        MintError.__init__(
            self,
            Message(
                "The Mint API key contains invalid characters, such as a space, a line break"
                " or an accented letter. It was not sent. Copy the whole key again from"
                " platform.mint.gg."
            ),
        )


class Unreachable(MintError):
    """There was no response.

    Mint may have carried out the request: retry it with the same idempotency key. `part` is the
    part of the connection that failed: "proxy", "tls" or "network". `is_refused` says that nobody
    listens at the address.
    """

    retryable = True

    def __init__(self, reason: str, part: str = "network", *, is_refused: bool = False) -> None:
        super().__init__(Message("Mint cannot be reached: {reason}.", reason=reason))
        self.reason = reason
        self.part = part
        self.is_refused = is_refused


class NotSent(Unreachable):
    """The connection was lost, or the time was over, before the first byte of the request."""

    def __init__(self) -> None:
        super().__init__(Message("the connection was lost before the request was sent"))


class InvalidResponse(MintError):
    """The response is not one of Mint's API: a captive portal, a proxy, another server.

    Mint may have carried out the request: retry it with the same idempotency key.
    """

    retryable = True

    def __init__(self, what: str, *, request_id: str | None = None) -> None:
        super().__init__(
            Message(
                "Mint's response is invalid: {what}. Check the base URL and your proxy settings.",
                what=what,
            )
        )
        self.request_id = request_id


class MismatchedResponse(InvalidResponse):
    """The response is about another id: a cache, a proxy, a mix-up at Mint. It is not used."""

    def __init__(self, received: str, expected: str, *, request_id: str | None = None) -> None:
        MintError.__init__(
            self,
            Message(
                "Mint's response is about {received} instead of {expected}. Trying again.",
                received=redact(received)[:80],
                expected=expected[:80],
            ),
        )
        self.request_id = request_id


class ProblemError(MintError):
    """A status other than 2xx; subclasses say what it means and what to do.

    Unknown statuses may come from a gateway after the request was carried out (such as 524), so
    they prove nothing.
    """

    retryable = True
    meaning = Message("Mint returned an unexpected status")
    advice = Message(
        "Trying again automatically. If this keeps happening, email hello@mint.gg with the"
        " request ID."
    )

    def __init__(
        self, problem: Problem, *, request_id: str | None = None, retry_after: float | None = None
    ) -> None:
        self.problem = problem
        self.request_id = request_id
        self.retry_after = retry_after
        super().__init__(self._sentence())

    def _sentence(self) -> Message:
        words = (self.problem.explanation or "").rstrip(". ")
        sentence = Message(
            "{meaning}: {words}. {advice}",
            meaning=self.meaning,
            words=words or Message("HTTP status {status}", status=self.problem.status),
            advice=self.advice,
        )
        if not self.request_id:
            return sentence
        reference = Message("(Request ID: {request_id})", request_id=self.request_id)
        return sentences(sentence, reference)


class UnclearRefusal(ProblemError):
    """A refusal without Mint's reason: a captive portal or a gateway may have sent it."""

    meaning = Message("The request was refused, but apparently not by Mint")
    advice = Message(
        "Check the base URL, your proxy, and whether the network requires a sign-in. Trying"
        " again automatically."
    )


class Refusal(ProblemError):
    """Mint has refused and given a reason: nothing was started, and retrying does not help."""

    retryable = False


class InvalidRequest(Refusal):
    """400, 413 or 422: something in the request is missing, too long or out of range."""

    meaning = Message("Mint does not accept this request")
    advice = Message("Change the request and try again.")

    def names(self, field: str) -> bool:
        """Return whether the problem is about this field of the body."""
        pointer = f"/{field}"
        word = re.compile(rf"\b{re.escape(field)}\b")
        is_field = any(
            error.path == pointer or word.search(error.message) for error in self.problem.errors
        )
        return is_field or bool(word.search(self.problem.detail or ""))


class KeyRefused(ProblemError):
    """401: the key is missing, wrong or revoked.

    Not a `Refusal`: with the right key the same request is accepted.
    """

    retryable = False
    meaning = Message("Mint does not accept the API key")
    advice = Message(
        "Check it in the add-on's preferences or in MINT_API_KEY, or create a new one at"
        " platform.mint.gg."
    )


class CreditsNeeded(Refusal):
    """402: too few Credits to start."""

    meaning = Message("Mint needs more Credits for this")
    advice = Message("Buy Credits at platform.mint.gg/billing, then resume.")


class Forbidden(Refusal):
    """403: the key has no permission for this."""

    meaning = Message("This API key does not have permission for this")
    advice = Message(
        "Ask hello@mint.gg whether the key has access to the beta and to this project."
    )


class DownloadsDisabled(Forbidden):
    """403: downloads are switched off for this asset or plan."""

    meaning = Message("Downloads are turned off for this result at Mint")
    advice = Message("Turn them on at mint.gg, or open the result there.")


class NotFound(Refusal):
    """404: the id does not exist in this API project."""

    meaning = Message("Mint cannot find this in the API project of this key")
    advice = Message("It may have been deleted, or the key belongs to another project.")


class NotSupported(Refusal):
    """405: the service does not offer the action."""

    meaning = Message("Mint does not offer this action")
    advice = Message("It may be possible at mint.gg.")


class Conflict(ProblemError):
    """409: the current state does not allow the action, or the same request is in progress."""

    retryable = False
    meaning = Message("This is not possible in the current state")
    advice = Message("Check the job: its state may have changed.")


class IdempotencyConflict(Conflict):
    """409: the idempotency key was used before with other input."""

    meaning = Message("Mint knows this request with other content")
    advice = Message("Look in your library for what it has made.")


class AlreadyOptimized(Conflict):
    """409: the model has an optimized GLB already."""

    meaning = Message("The model is already optimized")
    advice = Message("Use its optimized file.")


class OptimizationInProgress(Conflict):
    """409: an optimization of this model is running."""

    meaning = Message("The model is already being optimized")
    advice = Message("Wait until it is done.")


class CannotCancel(ProblemError):
    """404 or 405 to a cancel: Mint does not offer it, or not at this stage."""

    retryable = False
    meaning = Message("Mint cannot cancel this now")
    advice = Message("It keeps running.")


class TooManyRequests(ProblemError):
    """429: too many calls."""

    meaning = Message("Too many requests to Mint")
    advice = Message("Trying again after a pause.")


class TooManyActive(TooManyRequests):
    """429: the account's limit of active generations is reached."""

    meaning = Message("The account's limit of active generations at Mint is reached")
    advice = Message("This one starts when another one finishes.")


class ServiceError(ProblemError):
    """5xx: a failure at Mint."""

    meaning = Message("Mint is temporarily unavailable")
    advice = Message("Nothing is lost. Trying again automatically.")


_BY_SLUG: dict[str, type[ProblemError]] = {
    "downloads-disabled": DownloadsDisabled,
    "idempotency-conflict": IdempotencyConflict,
    "model-already-optimized": AlreadyOptimized,
    "model-optimization-in-progress": OptimizationInProgress,
    "concurrency-limit-reached": TooManyActive,
}

_BY_STATUS: dict[int, type[ProblemError]] = {
    **dict.fromkeys((400, 413, 422), InvalidRequest),
    401: KeyRefused,
    402: CreditsNeeded,
    403: Forbidden,
    404: NotFound,
    405: NotSupported,
    409: Conflict,
    429: TooManyRequests,
    **dict.fromkeys((500, 502, 503, 504), ServiceError),
    511: UnclearRefusal,
}


def problem_error(
    problem: Problem, *, request_id: str | None = None, retry_after: float | None = None
) -> ProblemError:
    """Return the error for a problem: by its slug if that fits the status, else by the status."""
    general = _BY_STATUS.get(problem.status, ProblemError)
    if not problem.has_details and issubclass(general, Refusal | Conflict):
        general = UnclearRefusal
    special = _BY_SLUG.get(problem.slug or "", general)
    chosen = special if issubclass(special, general) else general
    return chosen(problem, request_id=request_id, retry_after=retry_after)


# -- reading the body of an error response: problem documents (RFC 9457), OAuth error bodies, and
# bodies that are not JSON objects; never raises

_DOMAIN = "mint.gg"
_SLUG = re.compile(r"(/problems/)?[a-z0-9_-]+")
MAX_TEXT_LENGTH = 500
MAX_FIELD_ERRORS, MAX_STEPS = 50, 20
"""How many errors are read, and how many steps of the path of each."""


def read_problem(status: int, body: object, *, secret: str = "") -> Problem:
    """Return the problem that a parsed body (or None) describes.

    `secret` is removed wherever the server repeats it.
    """
    members = _object(body)
    nested = _object(members.get("error"))
    type_ = _text(members, secret, "type")
    slug = type_ or _text(members, secret, "error") or _text(nested, secret, "code") or ""
    problem = Problem(
        status=status,
        # the last segment of the path of a URI, or a bare word
        slug=slug.split("#")[0].split("?")[0].rstrip("/").rpartition("/")[2] or None,
        title=_text(members, secret, "title", "error"),
        detail=_text(members, secret, "detail", "error_description")
        or _text(nested, secret, "message")
        or _text(members, secret, "message"),
        errors=_field_errors(members.get("errors"), secret),
    )
    return replace(problem, has_details=_is_of_mint(type_) and problem.explanation is not None)


def _is_of_mint(type_: str | None) -> bool:
    """Return whether Mint itself has named this type of problem.

    The documents of a gateway have a type, too: about:blank, or a page of a standard.
    """
    try:
        parts = urlsplit(type_ or "")
    except ValueError:
        return False
    if not parts.scheme and not parts.netloc:
        return bool(_SLUG.fullmatch(parts.path))
    host = parts.hostname or ""
    return host == _DOMAIN or host.endswith(f".{_DOMAIN}")


def clean_line(value: object, secret: str) -> str | None:
    """Return a printable line of bounded length without the secret; None if there is no text."""
    if not isinstance(value, str):
        return None
    whole = value.replace(secret, "(key)") if secret else value
    line = " ".join(
        "".join(c if c.isprintable() else " " for c in whole[: MAX_TEXT_LENGTH * 4]).split()
    )
    return (line if len(line) <= MAX_TEXT_LENGTH else f"{line[:MAX_TEXT_LENGTH]}…") or None


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(members: Mapping[str, Any], secret: str, *names: str) -> str | None:
    """Return the first of these members that is a text."""
    return next(filter(None, (clean_line(members.get(name), secret) for name in names)), None)


def _field_errors(entries: object, secret: str) -> tuple[FieldError, ...]:
    errors = []
    for entry in entries[:MAX_FIELD_ERRORS] if isinstance(entries, list) else ():
        members = _object(entry)
        message = clean_line(entry, secret) or _text(
            members, secret, "message", "detail", "title", "code"
        )
        path = members.get("path")
        if isinstance(path, list):
            steps = (step for step in path[:MAX_STEPS] if isinstance(step, str | int))
            path = "".join(f"/{step}" for step in steps)
        if message:
            errors.append(FieldError(message, clean_line(path, secret)))
    return tuple(errors)
