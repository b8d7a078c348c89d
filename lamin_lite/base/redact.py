"""Secrets are masked before anything is stored: pure functions on names, text, params, arguments and source.

A secret is known by the name of its field (:func:`is_secret_name`) or by its form (``ghp_…``, ``AKIA…``, a private key,
``scheme://user:password@host``). Names are split into words, since ``num_memory_tokens`` or ``primary_key`` hold no secret.
What was recognised by name is returned too, if long enough, so that it can be masked wherever else it turns up.

Every function takes time in proportion to its input, whatever the input: it is text that others wrote.
"""

from __future__ import annotations

from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator
    from typing import Any, Optional

    Found = set[str]

__all__ = ["MASK", "is_secret_name", "mask_values", "redact_args", "redact_params", "redact_source", "redact_text"]

MASK = "***"
_LONGEST_KEY = 20_000  # characters of a private key of which the end is missing
SHORTEST = 8  # characters of a value that is masked outside of its own field: shorter ones are ordinary words


# ----------------------------------------------------------------------------------------------------------- names

_words = {  # filled with frozensets on first use: see _set
    "strong": "password passwords passwd passwds passphrase passcode passkey pwd secret secrets credential credentials cred"
    " creds apikey apikeys apitoken authtoken accesstoken refreshtoken bearertoken sessiontoken hftoken ghtoken githubtoken"
    " accesskey secretkey privatekey authkey clientsecret apisecret jwt authorization bearer passwort htpasswd",
    # nothing but a value of its own follows a name; these words say that it is about the secret, not the secret
    "about": "path paths file files filename dir folder name names env var variable url uri endpoint length len size count"
    " counts type types limit limits policy field fields column col columns prompt required enabled disabled expiry expires"
    " expiration ttl age rotation strength min max regex pattern manager provider store backend scope scopes version input"
    " label hint validator validation method mode class format encoding lifetime seconds days date time at by server host"
    " port service role roles user username callback handler func function error errors message status attempts"
    " retries rules check checks ratio rate score scores loss index idx position positions level prefix suffix map",
    "flag": "no not is has had have use uses using with without num n nb number max min require requires required needs show"
    " hide allow enable disable skip ask check verify validate forgot reset change get load set len count total generate"
    " store save remember keep ignore include exclude print log",
    "token_of_text": "cls pad padding bos eos sep mask masked unk max min num n per first last special begin beginning end start"
    " stop image audio video text input output next prev previous current new add prefix suffix class think thinking system"
    " decoder encoder query prompt word register eot sot eod eol sub byte bad forced target source vocab vocabulary blank"
    " placeholder separator delimiter mean avg average drop every each completion reasoning speech latent time patch"
    " visual learnable cost price loss init unknown extra added single one char character lang language task mem memory"
    " context generated predicted sampled top total spatial frame cell gene motif k mer kmer string attention distill"
    " distillation dist global local summary pooling pooled cached draft role fim im soft hard empty dummy random",
    "token_of_access": "auth api access bearer refresh session oauth security secret personal private csrf github gitlab",
    "key": "api apis access private secret encryption encrypt decryption signing sign master service account subscription"
    " license licence ssh auth aes hmac rsa ssl tls fernet cipher crypto shared admin openai anthropic aws azure gcp google"
    " stripe sendgrid mailgun twilio wandb huggingface hf github gitlab deploy webhook consumer app datadog gemini mistral"
    " cohere groq deepseek openrouter pinecone kaggle",
    "pass": "db user smtp mail ftp sftp ssh root admin mysql postgres postgresql pg redis mongo ldap proxy http login my auth"
    " basic rabbitmq git wifi keystore sudo imap vpn database sql",
    "stand_in": "password passwd pass pw pwd secret token key api_key apikey api-key none null true false user username redacted"
    " hidden masked optional required bearer basic digest string str your_password your-password your_token your-token"
    " your_api_key your-api-key my_password mypassword access_token",
    "ordinary": "postgres postgresql localhost kerberos anonymous username changeme undefined rabbitmq",
    "pat": "github gitlab azure ado devops git databricks personal gh",
}
_sets: dict[str, frozenset[str]] = {}


def _set(name: str) -> frozenset[str]:
    if name not in _sets:
        _sets[name] = frozenset(_words[name].split())
    return _sets[name]


def is_secret_name(name: str) -> bool:
    """Tell whether a field of this name holds a secret.

    Args:
        name: of a param, option, variable or header, in any style: ``db_password``, ``apiKey``, ``X-Api-Key``.

    Example::

        >>> is_secret_name("OPENAI_API_KEY"), is_secret_name("max_tokens")
        (True, False)
    """
    if len(name) > 100 or name in ("PWD", "OLDPWD"):
        return False
    words = _split(name)
    while words and words[-1] in ("value", "val", "str", "plain", "plaintext", "raw", "header", "data"):
        words.pop()
    if not words or words[-1] in _set("about"):
        return False
    last, before = words[-1], words[:-1]
    if last in ("id", "ids") and before[-1:] == ["key"]:
        last, before = before[-1], before[:-1]
    if last in ("token", "tokens"):
        return _is_token(last, before)
    if before and before[0] in _set("flag"):
        return False
    return _is_secret(last, before)


def _is_secret(last: str, before: list[str]) -> bool:
    previous = before[-1] if before else ""
    if last in ("key", "keys"):
        return previous in _set("key")
    if last in ("pass", "pat"):
        return previous in _set(last)
    if last in ("auth", "cookie"):
        return last == "auth" or previous in ("auth", "session")
    return any(_is_strong(word) for word in (last, *before))


def _is_strong(word: str) -> bool:
    return word in _set("strong") or word.endswith(("password", "passwd", "passphrase", "apikey"))


def _is_token(last: str, before: list[str]) -> bool:
    """Of access, or of a text? Models have ``cls_token``, and their users count tokens."""
    if not _set("token_of_access").isdisjoint(before):
        return last == "token" or before[0] not in _set("flag")
    return last == "token" and _set("token_of_text").isdisjoint(before) and _set("flag").isdisjoint(before)


def _split(name: str) -> list[str]:
    """Split into lower-case words: at what is no letter, and at humps (``userAPIKey2`` -> user, api, key)."""
    words: list[str] = []
    start = 0
    for i in range(len(name) + 1):
        if i == len(name) or not name[i].isalpha() or _is_hump(name, i):
            if i > start:
                words.append(name[start:i].lower())
            start = i if i < len(name) and name[i].isalpha() else i + 1
    return words


def _is_hump(name: str, i: int) -> bool:
    if i == 0 or not name[i].isupper():
        return False
    return name[i - 1].islower() or (name[i - 1].isupper() and name[i + 1 : i + 2].islower())


# ----------------------------------------------------------------------------------------------------------- forms

# (what the text must hold, what follows it). The first part is literal, so that it is found at the speed of memchr; no
# unbounded repetition is followed by anything that can fail, so that no text makes the search slow.
_FORMS = (
    ("sk-", r"(?:(?:ant|proj|svcacct|admin|or|lf)-[A-Za-z0-9_-]{16,}|[A-Za-z0-9]{20,})"),
    *((kind, r"[A-Za-z0-9]{16,}") for kind in ("sk_live_", "sk_test_", "rk_live_")),
    ("whsec_", r"[A-Za-z0-9+/=]{24,}"),
    *((f"gh{kind}_", r"[A-Za-z0-9]{30,}") for kind in "pousr"),
    ("github_pat_", r"[A-Za-z0-9_]{30,}"),
    *((kind, r"[A-Za-z0-9_-]{16,}") for kind in ("glpat-", "glrt-")),
    ("xox", r"[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("xapp-", r"[A-Za-z0-9-]{20,}"),
    *((kind, r"[A-Z0-9]{16}(?![A-Za-z0-9])") for kind in ("AKIA", "ASIA")),
    ("AIza", r"[A-Za-z0-9_-]{35}"),
    ("ya29.", r"[A-Za-z0-9_-]{20,}"),
    ("GOCSPX-", r"[A-Za-z0-9_-]{20,}"),
    ("hf_", r"[A-Za-z0-9]{30,}"),
    ("npm_", r"[A-Za-z0-9]{30,}"),
    ("pypi-", r"[A-Za-z0-9_-]{50,}"),
    ("dop_v1_", r"[a-f0-9]{40,}"),
    ("dapi", r"[a-f0-9]{32}(?![A-Za-z0-9])"),
    ("gsk_", r"[A-Za-z0-9]{40,}"),
    ("nvapi-", r"[A-Za-z0-9_-]{40,}"),
    ("r8_", r"[A-Za-z0-9]{37}(?![A-Za-z0-9])"),
    ("shpat_", r"[A-Fa-f0-9]{32}"),
    ("SG.", r"[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,}"),
    ("eyJ", r"[A-Za-z0-9_-]{8,8000}\.eyJ[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?"),
    ("AGE-SECRET-KEY-", r"[A-Z0-9]{40,}"),
)
# the same, where only the group is the secret
_PARTS = (
    ("hooks.slack.com/", r"(?:services|workflows|triggers)/([A-Za-z0-9/_-]{16,})"),
    ("/api/webhooks/", r"([0-9]{10,24}/[A-Za-z0-9_-]{30,})"),
    *((kind, r"([A-Za-z0-9+/=]{20,})") for kind in ("AccountKey=", "SharedAccessKey=")),
    ("https://", r"([A-Za-z0-9_-]{20,255})(?=@)"),
)
_AFTER = {"bearer": r"(?i:bearer)[ \t]{1,4}([A-Za-z0-9._~+/=-]{16,})"}
_AFTER["basic"] = (
    r"(?i:authorization[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?(?:basic|token|bearer))[ \t]{1,4}([A-Za-z0-9._~+/=:-]{6,})"
)
_AFTER["aws"] = (
    r"(?i:aws_?secret_?(?:access_?)?key)[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?([A-Za-z0-9/+=]{40})(?![A-Za-z0-9/+=])"
)
_AFTER["userinfo"] = r"://[^\s/@:'\"\\]{0,256}:([^\s/'\"\\]{1,1024})@"
_AFTER["query"] = r"[?&;]([A-Za-z][A-Za-z0-9_-]{1,40})=([^\s&;#'\"<>\\(){}\[\]]{1,4096})"
_compiled: dict[str, re.Pattern[str]] = {}


def _pattern(text: str) -> re.Pattern[str]:
    if text not in _compiled:
        import re

        _compiled[text] = re.compile(text)
    return _compiled[text]


def redact_text(text: str) -> str:
    """Return the text with what has the form of a secret masked: tokens, private keys, passwords in addresses.

    Example::

        >>> redact_text("pull https://ada:hunter2@example.org/r.git")
        'pull https://ada:***@example.org/r.git'
    """
    return _mask_forms(text, set())


def _mask_forms(text: str, found: Found) -> str:
    if len(text) < 8:
        return text
    text = _mask_private_keys(text, found)
    for literal, rest in _FORMS:
        if literal in text:
            escaped = literal.replace(".", r"\.")
            text = _pattern(f"{escaped}(?<![A-Za-z0-9]{escaped}){rest}").sub(lambda match: _take(match, 0, found), text)
    for literal, rest in _PARTS:
        if literal in text:
            text = _pattern(literal + rest).sub(lambda match: _take(match, 1, found), text)
    return _mask_addresses(_mask_headers(text, found), found)


def _take(match: re.Match[str], group: int, found: Found) -> str:
    """Mask one group of a match, unless it only stands for a secret."""
    value = match.group(group)
    if _is_stand_in(value) or not any(c.isdigit() for c in value):
        return match.group()
    return _replace(match, group, found)


def _replace(match: re.Match[str], group: int, found: Found) -> str:
    _note(match.group(group), found)
    begin = match.start()
    whole = match.group()
    return whole[: match.start(group) - begin] + MASK + whole[match.end(group) - begin :]


def _mask_headers(text: str, found: Found) -> str:
    lowered = text.lower()
    if "bearer" in lowered:
        text = _pattern(_AFTER["bearer"]).sub(lambda match: _take(match, 1, found), text)
    if "authorization" in lowered:
        text = _pattern(_AFTER["basic"]).sub(
            lambda match: match.group() if _is_stand_in(match.group(1)) else _replace(match, 1, found), text
        )
    if "aws" in lowered:
        text = _pattern(_AFTER["aws"]).sub(lambda match: _replace(match, 1, found), text)
    return text


def _mask_addresses(text: str, found: Found) -> str:
    if "://" in text and "@" in text:
        text = _pattern(_AFTER["userinfo"]).sub(
            lambda match: match.group() if _is_stand_in(match.group(1)) else _replace(match, 1, found), text
        )
    if "=" in text:
        text = _pattern(_AFTER["query"]).sub(lambda match: _mask_query(match, found), text)
    return text


def _mask_query(match: re.Match[str], found: Found) -> str:
    name, value = match.group(1), match.group(2)
    signs = name.lower() in ("sig", "signature", "x-amz-signature", "x-amz-security-token", "x-goog-signature")
    if _is_stand_in(value) or not (signs or is_secret_name(name)):
        return match.group()
    return _replace(match, 2, found)


def _mask_private_keys(text: str, found: Found) -> str:
    """Mask what lies between the lines BEGIN and END, keeping lines, quotes and escapes as they are."""
    at = text.find("PRIVATE KEY")
    if at < 0:
        return text
    parts, done = [], 0
    while at >= 0:
        begin = text.find("-----", at, at + 40)
        if begin >= 0 and text.rfind("-----BEGIN ", max(done, at - 40), at) >= 0:
            end = text.find("-----END", begin, begin + _LONGEST_KEY)
            end = min(len(text), begin + _LONGEST_KEY) if end < 0 else end
            body = _pattern(r"(?<!\\)[A-Za-z0-9+/=]{8,}").sub(
                lambda match: _replace(match, 0, found), text[begin + 5 : end]
            )
            parts += [text[done : begin + 5], body]
            done = at = end
        at = text.find("PRIVATE KEY", at + 1)
    return "".join([*parts, text[done:]])


def _is_stand_in(value: str) -> bool:
    """Tell whether a value stands for a secret that is filled in elsewhere: ``${TOKEN}``, ``<token>``, ``{password}``."""
    value = value.partition(" ")[2] if value.startswith(("Bearer ", "Basic ", "token ", "Token ")) else value
    marks_only = len(value) < 6 and not any(map(str.isalnum, value))  # ``token = re.sub("{", "{{", token)``
    if marks_only or not value.strip("*.xX_- ") or value.lower() in _set("stand_in"):
        return True
    if value[0] in "{<[%" and value[-1] in "}>]sd%":
        return True
    name = value.strip("${}")
    return value[0] == "$" and name.isidentifier() and name.isupper()


def _note(value: str, found: Found) -> None:
    """Remember a value that can be masked elsewhere without hitting ordinary words."""
    for line in value.splitlines():
        if len(line.strip()) >= SHORTEST and not _is_stand_in(line) and line.lower() not in _set("ordinary"):
            found.add(line.strip())


def mask_values(text: str, values: Iterable[str]) -> str:
    """Return the text with each of the values masked; those shorter than 8 characters are passed over.

    Values are also found in the form that ``repr`` gives them, and percent-encoded as in an address.

    Example::

        >>> mask_values("login with hunter2hunter2", {"hunter2hunter2"})
        'login with ***'
    """
    for value in sorted(values, key=len, reverse=True):
        if len(value) >= SHORTEST:
            for form in _spellings(value):
                text = text.replace(form, MASK)
    return text


def _spellings(value: str) -> Iterator[str]:
    yield value
    if not value.isalnum():
        shown = repr(value)[1:-1]
        percent = "".join(
            c if c.isalnum() or c in "-._~" else "".join(f"%{b:02X}" for b in c.encode("utf-8", "replace"))
            for c in value
        )
        yield from (form for form in (shown, percent) if form != value)


# ---------------------------------------------------------------------------------------------- params and arguments


def redact_params(obj: Any) -> tuple[Any, set[str]]:
    """Mask the secrets in params: values of fields named as secrets, and what has the form of one anywhere.

    Args:
        obj: dicts, lists, tuples and sets in any nesting; it is not changed, and returned itself if there was nothing to do.

    Returns:
        The masked params, and the values recognised, for :func:`mask_values`. True, False and None stay: they are flags.

    Example::

        >>> redact_params({"db": {"password": "hunter2hunter2"}, "lr": 0.1})
        ({'db': {'password': '***'}, 'lr': 0.1}, {'hunter2hunter2'})
    """
    found: set[str] = set()
    return _redact(obj, secret=False, found=found, depth=0), found


def _redact(obj: Any, *, secret: bool, found: Found, depth: int) -> Any:
    if depth > 200:  # refers to itself
        return MASK if secret else obj
    if isinstance(obj, dict):
        pairs = [(key, _redact_field(key, value, secret, found, depth)) for key, value in obj.items()]
        return obj if all(new is obj[key] for key, new in pairs) else dict(pairs)
    if isinstance(obj, (list, tuple, set, frozenset)):
        items = [_redact(item, secret=secret, found=found, depth=depth + 1) for item in obj]
        if all(new is old for new, old in zip(items, obj)):
            return obj
        return next(kind for kind in (list, tuple, set, frozenset) if isinstance(obj, kind))(items)
    return _redact_leaf(obj, secret=secret, found=found)


def _redact_field(key: Any, value: Any, secret: bool, found: Found, depth: int) -> Any:
    secret = secret or (isinstance(key, str) and is_secret_name(key))
    return _redact(value, secret=secret, found=found, depth=depth + 1)


def _redact_leaf(obj: Any, *, secret: bool, found: Found) -> Any:
    if obj is None or isinstance(obj, bool):
        return obj
    if not secret:
        if not isinstance(obj, str):
            return obj
        masked = _mask_forms(obj, found)
        return obj if masked == obj else masked
    if isinstance(obj, str):
        if not obj:
            return obj
        _note(obj, found)
    return MASK


def redact_args(argv: Iterable[str]) -> tuple[list[str], set[str]]:
    """Mask the secrets among the arguments of a program: ``--password X``, ``--api-key=X``, ``db.password=X``, tokens.

    Returns:
        The masked arguments, and the values recognised, for :func:`mask_values`. One-letter options are left alone.

    Example::

        >>> redact_args(["--user", "ada", "--password", "hunter2"])
        (['--user', 'ada', '--password', '***'], set())
    """
    found: set[str] = set()
    masked: list[str] = []
    secret_follows = False
    for arg in argv:
        is_option = arg.startswith("-") and len(arg) > 1
        if secret_follows and not is_option:
            _note(arg, found)
            masked.append(MASK if arg else arg)
        else:
            masked.append(_redact_arg(arg, found))
        name = arg.lstrip("-+")
        secret_follows = is_option and "=" not in arg and len(name) > 1 and " " not in name and is_secret_name(name)
    return masked, found


def _redact_arg(arg: str, found: Found) -> str:
    name, equals, value = arg.partition("=")
    if equals and value and not any(c in name for c in " \"'?&/:") and is_secret_name(name.lstrip("-+")):
        _note(value, found)
        return f"{name}={MASK}"
    return _mask_forms(_mask_literals(arg, found), found)


# ---------------------------------------------------------------------------------------------------------- source

_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
# what may stand between a name and the literal that it is given; all parts are bounded
_GIVEN = r"(\\?[\"'])?[ \t]{0,40}\]?[ \t]{0,40}(:[^=\n'\"#(){}]{0,80}=(?!=)|:=|[:=!]=?)[ \t]{0,80}([\[(])?[ \t]{0,40}(?:\r?\n[ \t]{0,200})?"
_LITERAL = r"([rRbBuUfF]{0,2})(\"\"\"|'''|\\?[\"'])"
_DEFAULT = r"(\\?[\"'])[ \t]{0,40},[ \t\r\n]{0,200}(?:[^\"'()]{0,80}\bdefault[ \t]{0,5}=[ \t]{0,5})?"
_LOOKUP = r"[A-Za-z_][A-Za-z0-9_.]{0,80}\([ \t]{0,40}\\?[\"'][^\"'\\\n]{0,200}\\?[\"'][ \t]{0,40},[ \t\r\n]{0,200}(?:default[ \t]{0,5}=[ \t]{0,5})?"
_ELSE = r"[^\n\"'#]{0,200}?(?:\\?[\"'][^\"'\\\n]{0,200}\\?[\"'][^\n\"'#]{0,80}?)?\b(?:or|else)[ \t]{1,40}"
_WRAPPER = r"[A-Za-z_.]{0,40}Secret(?:Str|Bytes)?\([ \t]{0,40}"
_LOOKUPS = ("get", "getenv", "pop", "setdefault", "setattr", "getattr", "env", "config", "add_argument", "option")
_STEMS = ("pass", "secret", "token", "key", "cred", "auth", "pwd", "jwt", "bearer", "pat", "cookie")


def redact_source(text: str) -> tuple[str, set[str]]:
    r"""Mask the secrets in source code; it stays valid Python with the same number of lines.

    Masked are string literals that are assigned to, passed for, compared with or the default of something named as a secret,
    also in dicts and comments, and what has the form of a secret anywhere; and then the same values elsewhere.

    Returns:
        The masked text, and the values recognised, for :func:`mask_values`.

    Example::

        >>> redact_source('connect(user="ada", password="hunter2hunter2")')
        ('connect(user="ada", password="***")', {'hunter2hunter2'})
    """
    found: set[str] = set()
    masked = _mask_forms(_mask_literals(text, found), found)
    for value in sorted(found, key=len, reverse=True):
        if value in masked:
            masked = _mask_in_source(masked, value)
    return masked, found


def _mask_in_source(text: str, value: str) -> str:
    """Mask further places; of what may be a variable's name only where it stands in quotes."""
    if value.isidentifier() and not any(c.isdigit() for c in value):
        for quote in "\"'":
            text = text.replace(f"{quote}{value}{quote}", f"{quote}{MASK}{quote}")
        return text
    return text.replace(value, MASK) if not value.isdigit() else text


def _mask_literals(text: str, found: Found) -> str:
    lowered = text.lower()
    if not any(stem in lowered for stem in _STEMS):
        return text
    parts, done = [], 0
    for match in _pattern(_NAME).finditer(text):
        if match.start() < done or not _may_be_secret(match.group()):
            continue
        for begin, end in _secret_literals(text, match.start(), match.end()):
            if begin >= done:
                parts += [text[done:begin], _mask_content(text[begin:end], found)]
                done = end
    return "".join([*parts, text[done:]])


def _may_be_secret(name: str) -> bool:
    if len(name) > 100:
        return False
    lowered = name.lower()
    return any(stem in lowered for stem in _STEMS) and is_secret_name(name)


def _secret_literals(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield (begin, end) of the contents of the literals that the name at start:end is given."""
    given = _pattern(_GIVEN).match(text, end)
    if given is None:
        yield from _defaults(text, start, end)
        return
    if given.group(2) == ":" and not given.group(1):  # ``token: "Token"`` is an annotation
        return
    at = _skip_values(text, start, given.end()) if given.group(2).endswith("=") else given.end()
    literals = list(_elements(text, at) if given.group(3) else _literals(text, at))
    yield from literals
    if not literals and given.group(2).endswith("="):
        for pattern in (_LOOKUP, _ELSE, _WRAPPER):
            more = _pattern(pattern).match(text, given.end())
            if more is not None:
                yield from _literals(text, more.end())


def _skip_values(text: str, start: int, at: int) -> int:
    """Step over the values of the names before it: ``user, password = "ada", "hunter2"``."""
    line = text[max(text.rfind("\n", max(0, start - 200), start) + 1, start - 200, 0) : start].strip()
    names = line.split(",")
    if not line.endswith(",") or not all(name.strip().isidentifier() for name in names[:-1]):
        return at
    for _ in names[:-1]:
        literals = list(_literals(text, at))
        if not literals:
            break
        end = literals[-1][1]
        comma = text.find(",", end, end + 20)
        if comma < 0:
            break
        at = comma + 1
        while text[at : at + 1] == " ":
            at += 1
    return at


def _defaults(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the second argument of ``environ.get("TOKEN", "...")``, the default of ``add_argument("--token", ...)``."""
    default = _pattern(_DEFAULT).match(text, end)
    if default is None:
        return
    call, parenthesis, before = text[max(0, start - 80) : start].rstrip("-\"'\\ bru").rpartition("(")
    words = _pattern(r"[A-Za-z_]+").findall(call[-20:])
    if parenthesis and words and words[-1] in _LOOKUPS and call.endswith(words[-1]) and "\n" not in before.strip():
        yield from _literals(text, default.end())


def _elements(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Yield the literals of a list or tuple: ``auth=("ada", "hunter2")``."""
    while True:
        end = 0
        for begin, end in _literals(text, at):
            yield begin, end
        comma = _pattern(r"(?:\"\"\"|'''|\\?[\"'])\s{0,200},\s{0,200}").match(text, end) if end else None
        if comma is None:
            return
        at = comma.end()


def _literals(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Yield the content of the literal at a position, and of those that follow it without an operator."""
    while True:
        opening = _pattern(_LITERAL).match(text, at)
        if opening is None:
            return
        end = _closing(text, opening.end(), opening.group(2))
        if end is None:
            return
        yield opening.end(), end
        at = end + len(opening.group(2))
        gap = _pattern(r"[ \t]{0,40}(?:\\?\r?\n[ \t]{0,200})?").match(text, at)
        at = gap.end() if gap else at


def _closing(text: str, start: int, quote: str) -> Optional[int]:
    if quote[0] == "\\":
        end = text.find(quote, start, start + 4096)
        return None if end < 0 or "\n" in text[start:end] else end
    rest = {
        '"': r"(?:[^\"\\\n]|\\[\s\S])*",
        "'": r"(?:[^'\\\n]|\\[\s\S])*",
        '"""': r"(?:[^\"\\]|\\[\s\S]|\"(?!\"\"))*",
        "'''": r"(?:[^'\\]|\\[\s\S]|'(?!''))*",
    }[quote]
    match = _pattern(rest).match(text, start)
    return match.end() if match is not None and text.startswith(quote, match.end()) else None


def _mask_content(content: str, found: Found) -> str:
    """Mask the content of a literal; it keeps its line breaks, each with the backslash that it needs."""
    if not content or _is_stand_in(content) or _is_name_of_variable(content):
        return content
    try:
        from ast import literal_eval

        _note(str(literal_eval(f'"""{content}"""')) if "\\" in content else content, found)
    except (SyntaxError, ValueError):
        _note(content, found)
    breaks = _pattern(r"\\?\r?\n").findall(content)
    return MASK + "".join(breaks)


def _is_name_of_variable(content: str) -> bool:
    """``token = "GITHUB_TOKEN"`` says where to look."""
    return content.isidentifier() and content.isupper() and "_" in content and is_secret_name(content)
