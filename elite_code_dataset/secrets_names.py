"""Names: values bound to a name that says they are secret, in the syntax of any language, configuration file or shell.

In: bytes. Out: spans of values, with a kind. Cost: 5-8 ms a megabyte; each word costs one search for a fixed string, each hit two short matches.

A name's strength decides what its value must look like: what a password's name holds may be made up by a person, what a key's name holds must be random,
what `session` or `signature` holds must be long and random too. `cache_key`, `public_key`, `token_url` announce nothing. Rules look at the line before
a value and at no more, so that a piece of a text has no secrets that the text has not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from elite_code_dataset.secrets_values import (
    is_hexadecimal,
    is_human_word,
    is_password,
    is_random,
    is_strong,
    is_type_or_variable,
    mixed_case,
    strangeness,
    unpacked,
)

PASSWORD, KEY, WEAK = range(3)
_WORDS = {
    b"pass": PASSWORD,
    b"pwd": PASSWORD,
    b"pw": PASSWORD,
    b"psk": PASSWORD,
    b"identified by": PASSWORD,
    b"kennwort": PASSWORD,
    b"contrase": PASSWORD,
    b"senha": PASSWORD,
    b"wachtwoord": PASSWORD,
    b"secret": KEY,
    b"token": KEY,
    b"key": KEY,
    b"cred": KEY,
    b"auth": WEAK,
    b"cookie": WEAK,
    b"sess": WEAK,
    b"salt": KEY,
    b"hmac": WEAK,
    b"dsn": WEAK,
    b"hook": WEAK,
    b"otp": KEY,
    b"mnemonic": KEY,
    b"phrase": KEY,
    b"seed": WEAK,
    b"jwt": WEAK,
    b"bearer": WEAK,
}
# How a word goes on inside its name. A name that goes on otherwise (`passenger`, `keyboard`, `token_url`, `author`, `signal`) is another.
_PARTS = rb"key|base|value|val|prod|production|live|dev|staging|default|main|primary|secondary|backup|old|new|current|string|str|text|data|b64|base64|hex|raw|plain|env|code|hash|digest|v?\d+"
_REST = {
    b"contrase": rb"(?:\xc3\xb1a|na|nya)",
    b"pass": rb"(?:word|wd|wort|phrase|code|e)?",
    b"cred": rb"(?:ential|s\b)",
    b"auth": rb"(?:orization|entication|s(?=\W))?(?:[_-]?(?:token|secret|cookie|header))?",
    b"sess": rb"(?:ion)?(?:[_-]?(?:id|token|secret|cookie))?",
    b"cookie": rb"(?:[_-]?(?:secret|value))?",
    b"hook": rb"(?:[_-]?(?:secret|token|key))?",
    b"mnemonic": rb"(?:[_-]?(?:phrase|words|seed))?",
    b"seed": rb"(?:[_-]?(?:phrase|words|hex))?",
    b"otp": rb"(?:[_-]?(?:secret|seed|key))?",
    b"key": rb"(?:[_-]?(?:pass|material|secret))?",
}
# Any other word may follow after a joint (`API_KEY_STRIPE`), but then only a random value counts; and these say that no secret is held.
_NO_VALUE = (
    rb"id|ids|url|uri|path|file|filename|name|type|len|length|size|count|ttl|expir\w*|endpoint|field|header|prefix|suffix|label|error|hint|policy|class|regex|pattern|format|arn|ref|alias"
    rb"|index|kind|list|map|fn|func|handler|provider|manager|service|version|algorithm|alg|method|mode|column|table|scope|owner|user|username|page|form|input|button|dir|folder|position|pos"
)
_TAILS = {
    word: re.compile(
        rb"(?i)"
        + _REST.get(word, b"")
        + rb"(?:s|[_.-]?(?:"
        + _PARTS
        + rb")){0,3}(?P<other>(?:[_-](?!(?:"
        + _NO_VALUE
        + rb")(?![a-z]))[a-z0-9]{2,16}){0,2})(?![a-z0-9_-])"
    )
    for word in _WORDS
}
_OPEN_KEY = re.compile(
    rb"(?i)(?:pub|public|publishable|primary|foreign|cache|sort|partition|row|site|group|index|hot|short|object|idempotency|anon|host|known|map|dict"
    rb"|dedup\w*|unique|natural|composite|surrogate|storage|lookup|translation|message|i18n|event|config|s3|file|image|query|react|data|item|field)[_-]?$"
)
_SURE_KEY = re.compile(
    rb"(?i)(?:api|access|auth|account|encrypt(?:ion)?|crypt\w*|master|private|priv|sign(?:ing)?|secret|shared|preshared|service|license|licence|subscription|admin|client|deploy"
    rb"|server|consumer|app|application|aes|des|hmac|jwt|session|cookie|token|webhook|storage|write|read|ingest\w*|instrumentation|integration|decrypt\w*|root|user|ssh|tls|ssl|rsa"
    rb"|recovery|backup|activation|product|serial|management|function|host|security|functions|network|from|wallet|signer|deployer|machine|validation|link|join|cluster|transfer|pairing|aws|gcp|azure|dd|stripe|twilio|openai|ai)[_. -]?$"
)
# A lone word or name right before: `compass`, `monkey`, `bypass` and the like are other words, `dbpass` and `mysqlpwd` are not.
_OTHER_WORD = re.compile(
    rb"(?i)(?:com|by|tres|sur|over|en|under|tur|mon|don|wh?is|hoc|joc|loc|lac|jac|stac|mar|bo|tour|poc|ris|bas|mas|first|second|render|one|two|multi|single|single_|shader|fwd|bwd|forward|backward)$"
)
_OPERATOR = re.compile(
    rb"""(?ix) [\\"'`\])}]{0,4}
    (?: \?? :? [ \t]? :[ \t]*[\w&<>\[\]?.'| \t]{1,40}?(?=[ \t]*=[ \t]*[^\s=]) | [ \t]+(?:as[ \t]+string|text|string|varchar\(\d+\)|::[ \t]*\w+)(?=[ \t]*[:=]) )?   # a type
    (?: \s{0,40}(?:=>|:=|\?=|\+=|\|\|=?|\?\?=?|<-|={1,3}|!={1,2}|:{1,2}=|,(?=\s{0,40}[bru@]{0,2}\\?["'])|:(?!:))(?P<op>\s{0,40})
      | [ \t]* \( [ \t]* (?=\\?["'`]) | [ \t]*->[ \t]* | [ \t]+(?:is|was|are)[ \t]*:?[ \t]+ | [ \t]*\|[ \t]*
      | ,?\s{0,40}[;,]?["']?-?-?(?:\w{0,12}value)["']?[ \t]*[:=> ][ \t]* | ["']?/?>\s{0,40}(?:<(?:string|value)>)?(?=[^<>\n]{4,512}</)
      | [ \t]*\{[^{}]{0,200}?\bdefault[ \t]*=[ \t]* | [ \t]{1,8} )
    (?P<wrap>(?:[\[({][ \t]*\s{0,40})?
      (?:ConvertTo-SecureString[ \t]+(?:-String[ \t]+)?|(?:new[ \t]+)?[&*!@]?[A-Za-z_][\w.:!?]{0,50}[(\[][ \t]*(?:["'][\w.-]{1,50}["'][ \t]*,[ \t]*(?:\w{1,20}[ \t]*=[ \t]*)?)?
        |[A-Za-z_][\w.]{0,50}(?:\[["']\w{1,50}["']\])?[ \t]*(?:\|\||\?\?|\?:|\bor\b)[ \t]*|[$]\{\w{1,50}:?[-=?]|["']?(?:value|default|plain|plaintext)["']?[ \t]*[:=][ \t]*){0,3}
      (?:[\w.]{1,50}\((?:["'][\w.-]{1,50}["'])\)[ \t]*(?:\|\||\?\?|\?:|\bor\b)[ \t]*)?)
    """
)
_QUOTED = re.compile(
    rb"""(?:[bruflNBRUFL@$]{1,2}(?=\\?["'`]))?(?P<q>\\{1,3}["']|["']{3}|["'`])(?P<value>(?:(?!(?P=q)|["'`]{3})[^\n\\]|\\(?!["'])[^\n]){3,2000}?)(?P=q)"""
)
_NEXT = re.compile(
    rb"""(?:[ \t]*(?:\\?\r?\n[ \t]*)?(?:\+\+?|\.\.?|&|<>|~|\|\|)?[ \t]*_?[ \t]*(?:\\?\r?\n[ \t]*)?(?:\+\+?|\.\.?|&|<>)?[ \t]*)[bruflBRUFL@$]{0,2}(?P<q>\\{1,3}["']|["'])(?P<value>[^\s"'`\\]{2,2000})(?P=q)"""
)
_ITEM = re.compile(rb"""\s{0,40},\s{0,40}[bru]{0,2}(?P<q>["'])(?P<value>[^\s"'`\\]{8,2000})(?P=q)""")
_FREE = rb"""[^\s"'`,;(){}\[\]<>=&\\]"""
_BARE = re.compile(
    rb"""(?P<value>(?![#|])""" + _FREE + rb"{1,2000}(?:(?:=(?=[^\s=])|&(?!\w+=))" + _FREE + rb"{0,500}){0,6}"
    rb"""(?:\\\r?\n[ \t]*[\w+/=-]{4,200})*={0,2})(?=[\s,;"'`&)\\}\]|<]|$)"""
)
_FOLDED = re.compile(rb"[ \t]*[|>][+-]?\d?[ \t]*\r?\n(?P<value>(?:[ \t]+[^\s:\"'{}()<>]{8,2000}[ \t]*(?:\r?\n|$)){1,60})")
_CONFIG_LINE = re.compile(rb"[ \t]*(?:-[ \t]+)?[\w.-]{2,60}(?::[ \t]+|=)")
_SPACED_LINE = re.compile(rb"[\w.-]{2,60}[ \t]*=[ \t]*|[ \t]*(?:#|//|--|\*).{0,120}")
_INDENTED_LINE = re.compile(rb"[ \t]+[\w.-]{2,60}[ \t]*=[ \t]*")
_MADE_UP_LINE = re.compile(rb"[A-Za-z]\w*\d\w*[!?@#$%^&*]+|[A-Z][a-z]+-[A-Z][a-z]+-\d{2,4}")
_ENVIRONMENT_LINE = re.compile(rb"[ \t]*(?:-[ \t]+|export[ \t]+|ENV[ \t]+|ARG[ \t]+|set[ \t]+)?[A-Z][A-Z0-9_]{2,60}=")
_OTHER_CALL = re.compile(
    rb"(?:encode|decode|get|split|replace|strip|join|format|find|match|search|open|startswith|endswith|index|parse|pop|input|prompt|ask|print|log|error|raise|\bt|\b_|gettext|translate"
    rb"|require|import|load|read|file|path|Path|field|Field|col|column|Column)[(\[][ \t]*$"
)
_BYTES = re.compile(rb"(?:\\x[0-9a-fA-F]{2}){12,}|(?:0x[0-9a-fA-F]{2},? ?){16,64}|(?:[0-9a-fA-F]{2}[: ]){15,63}[0-9a-fA-F]{2}")
_LOGIN = re.compile(rb"[\w.@-]{1,40}:[^\s:/]{4,}$")
_MADE_UP = re.compile(rb"[A-Za-z]{3,}\d{2,}[A-Za-z]{0,20}\d{0,4}[!#$%^&*@?]?")
_SIGNED = re.compile(rb"[A-Za-z].*[#$%^&*@!].*\d|[A-Za-z].*\d.*[#$%^&*@!]")
_REGEX = re.compile(rb"\[[^\]\s]{0,20}(?:A-Z|a-z|0-9)|\\[.wdsbSWD]|\(\?[:!=i<P]")
_SEED_PHRASE = re.compile(rb"(?i)(?:seed|recovery|backup|secret|mnemonic|wallet)[ _-]?$")
_FACTOR = re.compile(rb"(?i)(?:[2m]fa|otp|factor|authenticator)[ _.-]?$")
_SHORT = frozenset(
    (b"pass", b"pw", b"psk", b"otp", b"sess", b"salt", b"hook", b"seed", b"dsn", b"jwt", b"cred", b"auth")
)  # also ends or middles of other words


class Value(NamedTuple):
    start: int
    end: int
    text: bytes  # without what joins its pieces
    quoted: bool


class Announced(NamedTuple):
    """A name and what binds a value to it."""

    word: bytes
    name: bytes  # in lower case, from the word on
    strength: int
    operator: re.Match[bytes]
    blank: bool  # nothing but blanks bind: `--token value`, `password value`, but also prose
    flag: bool  # `--name`
    start: int  # of the whole name


def bound_values(data: bytes, openings: frozenset[bytes]) -> Iterator[tuple[int, int, str]]:
    """Values bound to names that say they are secret."""
    lower = data.lower()
    for word in _WORDS:
        if word not in openings and word not in (b"key", b"token"):
            continue  # those two are too common to be openings
        tail = _TAILS[word]
        at = lower.find(word)
        while at >= 0:
            rest = tail.match(data, at + len(word))
            operator = _OPERATOR.match(data, rest.end()) if rest else None
            if operator:
                kind = "password" if _WORDS[word] == PASSWORD else "api-key"
                yield from ((value.start, value.end, kind) for value in _secrets(data, lower, word, at, rest, operator))
            at = lower.find(word, at + len(word))


def _secrets(data: bytes, lower: bytes, word: bytes, at: int, rest: re.Match[bytes], operator: re.Match[bytes]) -> Iterator[Value]:
    values = list(_values(data, operator))
    strength = _strength(data, word, at, rest) if values else None
    if strength is None:
        return
    start = at
    while lower[start - 1 : start].isalnum() or (start and lower[start - 1] in b"_-"):
        start -= 1
    blank = operator[0].strip(b" \t\"'`\\") == b""
    announced = Announced(word, lower[at : rest.end()], strength, operator, blank, lower[start : start + 1] == b"-", start)
    for value in values:
        if _fits(data, value, announced):
            yield value


def _strength(data: bytes, word: bytes, at: int, rest: re.Match[bytes]) -> int | None:
    """How much the name around the word at ``at`` says; None if it names nothing secret."""
    before = data[max(0, at - 20) : at]
    inside = before[-1:].isalpha() and (data[at : at + 1].islower() or before[-1:].isupper())  # no boundary: `compass`, but also `dbpass`
    if word == b"key":
        if _OPEN_KEY.search(before):
            return None
        return KEY if _SURE_KEY.search(before) else None if inside else WEAK
    if word == b"seed" and _FACTOR.search(before):
        return KEY
    if word == b"phrase":
        return KEY if _SEED_PHRASE.search(before) else None
    if inside and word in _SHORT:
        known = {
            b"hook": b"web",
            b"otp": b"t",
            b"auth": b"basic",
            b"psk": (b"sta", b"ap", b"wifi", b"wpa"),
            b"pw": (b"bind", b"root", b"db", b"user", b"rpc", b"admin"),
        }.get(word)
        if word == b"pass" and not _OTHER_WORD.search(before) or known and before.lower().endswith(known):
            return _WORDS[word]
        return None
    return max(_WORDS[word], KEY) if rest["other"] else _WORDS[word]


def _values(data: bytes, operator: re.Match[bytes]) -> Iterator[Value]:
    """What stands behind an operator: literals, also joined or listed ones, a bare word, or the lines of a YAML block."""
    quoted = _QUOTED.match(data, operator.end())
    if quoted:
        value = _joined(data, quoted)
        yield value
        while operator["wrap"][:1] == b"[" and (item := _ITEM.match(data, value.end + len(quoted["q"]))):
            value = Value(item.start("value"), item.end("value"), item["value"], True)
            yield value
        return
    if operator["wrap"] and operator["wrap"][:2] != b"${" and operator["wrap"].strip() not in (b"[", b"{"):
        return
    folded = _FOLDED.match(data, operator.end()) if operator["op"] is not None else None
    if folded:
        start, text = folded.start("value"), folded["value"]
        yield Value(start + len(text) - len(text.lstrip()), start + len(text.rstrip()), re.sub(rb"\s+", b"", text), False)
    bare = _BARE.match(data, operator.end())
    if bare and (b"\n" not in (operator["op"] or b"") or _is_line_of_chance(data, bare)):
        yield Value(bare.start("value"), bare.end("value"), re.sub(rb"\\\r?\n[ \t]*", b"", bare["value"]), False)


def _is_line_of_chance(data: bytes, bare: re.Match[bytes]) -> bool:
    """Whether a bare value fills the line below its name: `API secret:` and then the secret."""
    first = data.rfind(b"\n", 0, bare.start()) + 1
    return data[bare.end() : bare.end() + 1] in (b"", b"\n", b"\r") and not data[first : bare.start()].strip() and _is_chance(bare["value"])


def _is_chance(text: bytes) -> bool:
    return is_strong(text, 20) or is_hexadecimal(text)


def _joined(data: bytes, first: re.Match[bytes]) -> Value:
    """A literal with those that the language or an operator joins to it."""
    end, pieces, after = first.end("value"), [first["value"]], first.end()
    while b" " not in pieces[0] and len(pieces) < 40 and (piece := _NEXT.match(data, after)):
        if b"=" in data[piece.end() : piece.end() + 3] or data[piece.end() : piece.end() + 1] in (b":", b"]"):
            break  # a key of the next line
        pieces.append(piece["value"])
        end, after = piece.end("value"), piece.end()
    return Value(first.start("value"), end, b"".join(pieces), True)


def _fits(data: bytes, value: Value, announced: Announced) -> bool:
    """Whether a value looks like what its name says."""
    text, name = value.text, announced.name
    if announced.strength == PASSWORD:
        return _fits_password(data, value, announced)
    if announced.word in (b"mnemonic", b"phrase", b"seed") and b" " in text:
        return len(text.split()) in (12, 15, 18, 21, 24) and re.fullmatch(rb"[a-z ]+", text) is not None
    if _BYTES.fullmatch(text) or (value.quoted and _is_salt(text)):
        return True
    if b" " in text:
        return False
    if announced.word == b"cred" and _LOGIN.match(text):
        return is_password(text.partition(b":")[2], bare=False)
    if announced.strength == WEAK:
        login = unpacked(text) if name.endswith(b"auth") and len(text) >= 12 else b""
        if b":" in login[1:] and login.isascii():
            return True
        key = announced.word in (b"key", b"seed")
        strong = is_strong(text, 24 if key else 20) or (not key and is_hexadecimal(text))
        strong = strong or (announced.word == b"key" and _is_vendor_key(data, value, announced))
        return strong and not text.startswith((b"AAAA", b"MII", b"sha"))
    if announced.blank and not value.quoted and not announced.flag:
        return is_strong(text, 20) or is_random(text, 24)
    if (
        announced.word == b"secret"
        and (_MADE_UP.fullmatch(text) or _MADE_UP_LINE.fullmatch(text))
        and (value.quoted or _ends_config_line(data, value, announced.operator))
    ):
        return is_password(text, bare=False)
    signs = (
        (value.quoted or _ends_config_line(data, value, announced.operator))
        and len(text) >= 10
        and re.search(rb"[!#$%^&*@?~+].*\d|\d.*[!#$%^&*@?~+]", text) is not None
    )
    short = announced.word == b"otp" or (announced.word == b"secret" and mixed_case(text) and not re.search(rb"[/:.]", text))
    return is_random(text, 12 if short else 15 if announced.word == b"secret" else 16) or (signs and is_password(text, bare=False))


def _is_vendor_key(data: bytes, value: Value, announced: Announced) -> bool:
    """`WEATHER_KEY=` and 32 hexadecimal digits: what a small service hands out."""
    if len(value.text) != 32 or not is_hexadecimal(value.text):
        return False
    name = data[announced.start : announced.operator.start()]
    return (
        value.text.islower()
        and re.fullmatch(rb"[A-Za-z]{4,}(?:[_-][A-Za-z]+)*[_-](?:key|KEY)|[a-z]{3,}(?:[A-Z][a-z]+)*Key", name) is not None
        and not re.search(rb"(?i)cache|hash|content|image|asset|blob|file|test|sum|parent|etag|trie|node|block", name)
        and (value.quoted or _ends_config_line(data, value, announced.operator))
    )


def _is_salt(text: bytes) -> bool:
    """Forty or more characters of all kinds, blanks too: what generators of WordPress or Django keys write."""
    signs = len(re.findall(rb"[^\w\s]", text))
    return (
        len(text) >= 40
        and signs >= 6
        and b"\\x" not in text
        and b"\\n" not in text
        and not _REGEX.search(text)
        and text.count(b" ") <= 4
        and mixed_case(text)
        and strangeness(text) >= 0.4
    )


def _fits_password(data: bytes, value: Value, announced: Announced) -> bool:
    text, name = value.text, announced.name
    before = data[announced.start - 1 : announced.start] if announced.start else b""
    literal = (
        value.quoted
        or announced.flag
        or announced.operator[0].endswith(b">")
        or (before == b";" and data[value.end : value.end + 1] in (b";", b'"'))
    )
    if _OTHER_CALL.search(announced.operator["wrap"]) and not is_random(text, 12):
        return False  # `password.encode("latin1")`
    if is_password(text, bare=not literal):
        lead = data[data.rfind(b"\n", 0, announced.start) + 1 : announced.start].strip()
        whole_line = lead in (b"", b"set") and data[value.end : value.end + 1] in (
            b"",
            b"\n",
            b"\r",
        )
        return not announced.blank or value.quoted or announced.flag or whole_line or is_random(text, 12) or bool(_SIGNED.search(text))
    if announced.blank:
        return False
    if value.quoted:
        clear = (len(name) >= 5 or name == b"pwd" or b"identified" in name) and not name.endswith(b"hash")
        return clear and not announced.operator["wrap"] and not re.search(rb"[(,]", announced.operator[0]) and is_human_word(text)
    return not is_type_or_variable(text) and _ends_config_line(data, value, announced.operator) and is_password(text, bare=False)


def _ends_config_line(data: bytes, value: Value, operator: re.Match[bytes]) -> bool:
    """Whether a bare value ends a line of a configuration file, `.env` or YAML, whose only content is the name and it."""
    if data[value.end : value.end + 1] not in (b"", b"\n", b"\r"):
        return False
    head = data[data.rfind(b"\n", 0, operator.start()) + 1 : operator.end()]
    if _INDENTED_LINE.fullmatch(head) and _MADE_UP_LINE.fullmatch(value.text):
        return True
    if _ENVIRONMENT_LINE.fullmatch(head) or (_SPACED_LINE.fullmatch(head) and re.search(rb"[!?@#$%^&*]$|\d\d$", value.text)):
        return True
    return _CONFIG_LINE.fullmatch(head) is not None and re.search(rb"\d.*[a-z]|[^\w.]|[a-z]{3}\d{1,4}$", value.text) is not None
