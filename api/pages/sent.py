"""What a browser sends, before a page's function reads it: what is not taken, and why."""

from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData

from api.problems import malformed
from exchange.errors import Forbidden, Invalid


class FormNotOurs(Forbidden):
    """A form that this session's pages did not make."""

    code = "form-not-ours"
    zh = "表单已失效，请从页面重新提交。"
    en = "The form is no longer valid: send it again from its page."


class PasswordFirst(Forbidden):
    """The password that was given out must be changed before anything else."""

    code = "password-first"
    zh = "请先更改初始密码。"
    en = "Change the first password before anything else."


def is_secure(request: Request) -> bool:
    """Whether the node is reached over HTTPS."""
    return str(request.app.state.office.documents.url).startswith("https:")


def drop_blanks(request: Request) -> None:
    """A field of a filter that was left empty was not given; a browser sends it all the same."""
    query = request.scope["query_string"].decode("latin-1")
    if "=&" in query or query.endswith("="):
        request.scope["query_string"] = urlencode(parse_qsl(query)).encode("ascii")


def check_form(request: Request) -> None:
    """A browser says from which page a form comes and how it is written: from one of ours and as they are, or it is not taken."""
    origin, site = request.headers.get("origin", "null"), request.headers.get("sec-fetch-site")
    ours = f"{'https' if is_secure(request) else 'http'}://{request.headers.get('host', '')}"
    if site not in (None, "same-origin", "none") or origin not in ("null", ours):
        raise FormNotOurs
    _, written = parse_options_header(request.headers.get("content-type"))
    if written.get(b"charset", b"utf-8").lower() != b"utf-8":
        raise FormNotOurs


def in_words(error: RequestValidationError) -> Invalid:
    """The same refusal for people, who know of no parameters; its pointer names the field."""
    refusal, (place, *path) = malformed(error), error.errors()[0]["loc"]
    match place:
        case "path":
            zh, en = "网址不完整，或有一处写错了。", "The address is incomplete, or something in it is mistyped."
        case "query":
            zh, en = "筛选条件有一项不符合要求，请重新选择。", "One of the filters cannot be taken as it is: choose again."
        case _:
            zh, en = "有一项没有填写，或不符合要求。", "A field is empty, or cannot be taken as it is."
    pointer = refusal.pointer if place == "body" else "".join(f"/{part}" for part in path)
    return Invalid(zh=zh, en=en, pointer=pointer or None)


def text_in(form: FormData, name: str) -> str:
    """A field's text; empty for one that was not sent, or is a file."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
