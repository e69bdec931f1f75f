# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a release that answers may get traffic. Pure: answers in, a sentence out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .ask import Answer, Question

DEFAULT_PATH = "/"
NOWHERE = "/a-path-that-no-app-has-5d1c"
MISDIRECTED = 421  # this name is not mine
BAD_REQUEST = 400  # what most frameworks answer to a name that they do not expect


def is_doubtful(answer: Answer) -> bool:
    """Whether it takes more answers to judge this one."""
    return (answer.status or 0) >= 400


def may_refuse_name(answer: Answer) -> bool:
    """Whether an answer to NOWHERE tells more: an app that refuses the name refuses each path."""
    return answer.status == BAD_REQUEST


def objection(
    question: Question, answer: Answer, live: Answer | None = None, nowhere: Answer | None = None
) -> str:
    """Why an answer below 500 is not good enough; '' if it is.

    ``live`` is what the live release answers to the same request, None if there is none.
    ``nowhere`` is what the new release answers to a path that it does not have. Many apps have
    nothing at ``/``, want a login there or a request of another form, so a status of 4xx may be
    healthy. It is not where the live release answers better, where the user has named the path,
    and when the app refuses its own name.
    """
    status = answer.status
    if not is_doubtful(answer):
        return ""
    if live and live.status and live.status < 400:
        return f"{answer.said}, where the live release answers {live.status}"
    if status == 404 and question.path != DEFAULT_PATH:
        return f"{answer.said}; streaming_api_health_path must be a path that the app has"
    if live and live.status == status:
        return ""
    if status == MISDIRECTED or (status == BAD_REQUEST and nowhere and nowhere.status == status):
        return (
            f"{answer.said} to the name {question.host}; see which names the app accepts "
            "(in Django ALLOWED_HOSTS), and streaming_api_nginx_server_names"
        )
    return ""
