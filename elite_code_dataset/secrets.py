"""Secrets: found and replaced before anything else sees the text, in files and in history alike.

In: text. Out: the text with placeholders, and how many of each kind. Cost: 60-100 MB/s on clean text (the first call of a process
loads the scanner's rules: 0.2 s from its cache, 2.6 s without), in process, without network.

Three finders, whose spans are joined where they overlap:
- kingfisher-secret-scanner, about 490 rules of providers' own formats, base64 unwrapped;
- rules of our own for what it leaves: a lone AWS id, values assigned to names like ``password`` or ``api_key``, and private key blocks;
- personal e-mail addresses, an option. Personal means: a domain someone can own and a mailbox that is not a function. Left alone are
  reserved domains (``example.com``, ``*.test``...), ``noreply`` boxes, function boxes (``security@``, ``git@``...), and addresses
  inside a URL (``ssh://deploy@host``).

What nothing announces, neither a provider's format nor a name in front of it, is not found: ``login("app", "Tr0ub4dor&3")``.

A placeholder is one word, such as ``REDACTED_GITHUB_PAT_3fa9``, for an address ``redacted-3fa9@example.com``: it is valid inside a
string, a name, a URL or YAML, and the same secret has the same placeholder wherever it stands, also in another commit. The last
four digits are 16 bits of a keyed hash: enough to tell a repository's secrets apart, far too few to confirm a guess.
Text without findings after replacement is what ``redacted`` promises, so redacting twice changes nothing.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

# Rules that the scanner uses as parts of others and does not report alone; these are secrets by themselves.
_SECRET_PARTS = frozenset(
    f"betterleaks.{name}"
    for name in (
        "alibaba-sts-security-token",
        "aws-secret-access-key",
        "exoscale-api-secret",
        "polymarket-api-secret",
        "polymarket-passphrase",
    )
)
_PLACEHOLDER = re.compile(rb"REDACTED_[A-Z0-9_]+|redacted-[0-9a-f]{4}@example\.com")
_AWS_ID = re.compile(rb"(?<![A-Za-z0-9/+])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9/+])")
_KEY_BLOCK = re.compile(
    rb"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    rb"(?:[A-Za-z0-9+/=\s\"',:;.()\\-]{1,20000}?-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----|(?:[\s\"'+]|\\r|\\n)*[A-Za-z0-9+/=\\\s]{64,20000})"
)
_BASE64_RUN = re.compile(rb"[A-Za-z0-9+/]{40,}")

# A name that ends in one of these words, then an assignment, then a value on the same line. Which keys are secret, `_name_end` knows.
_NAMES = (b"pass", b"pwd", b"pw", b"secret", b"token", b"key", b"credential", b"identified by", b"sshpass -p")
_KEYS_OF = (b"api", b"access", b"auth", b"account", b"encryption", b"master", b"private", b"signing")
_OPERATOR = re.compile(rb"""[\w"'\])]{0,12}[ \t]*[:=,>]""")
_OPEN_KEY = re.compile(rb"(?:pub|public|primary|foreign|cache|sort|partition|row|site|group|index|hot|short|object)[_-]?$")
_ASSIGNED = re.compile(
    rb"""(?ix) (?:s|[_-]?(?:key|base|value|prod|production|live|dev|staging|default|\d+)){0,3}   # client_secrets, secret_key_base, token_prod
    [\\"'\])]* (?:[ \t:]+[\w&<>\[\]?.:\ ]{1,32}?(?=[ \t]*=))?                                 # `: &str =`, ` As String =`
    (?: [ \t]* (?:=>|:=|\?=|\|\|=?|\?\?|<-|={1,3}|:(?!:)|[,(](?=[ \t]*[\\]?["'])) [ \t]*
      | ,?\s{1,40}["']?value["']?[ \t]*[:=][ \t]* | >(?=[^<>\n]{8,256}</) | [ \t]{1,8} )                                                  # name/value pairs, <password>...</password>, --token ...
    (?: [bruflBL@$]{0,2}\\{0,2}(["'`]) (?P<quoted>[^"'`\s\\]{8,2000}) \\{0,2}\1
      | (?P<bare>[^\s"'`,;#(){}\[\]<>=]{8,2000}={0,2}) (?=[\s,;\#<"'`&)\\]|$) )"""
)
_LOGIN_IN_URL = re.compile(rb"""://[^\s:/@'"`<>]{0,64}:(?P<value>[^\s@/'"`<>]{8,128})@(?=[\w.\[])""")
_LOGIN_IN_BASE64 = re.compile(rb"""(?:\bBasic[ \t]+|"auth"[ \t]*:[ \t]*")(?P<value>[A-Za-z0-9+/]{12,400}={0,2})(?![A-Za-z0-9+/=])""")
_BEARER = re.compile(rb"(?i)(?:\bbearer[ \t]+|webhooks?/(?:[\w.-]+/){0,4})(?P<value>[\w.~+/=-]{24,2000})")
_WORDLIKE = re.compile(
    rb"(?i)example|changeme|change[-_]me|placeholder|dummy|sample|redacted|your[-_]?|insert|replace|todo|fixme|xxxx|\*\*\*|\.\.\.|1234567890|abcdefgh|foobar"
)
_TEMPLATE = re.compile(
    rb"[${}<>%@]\{|\$\(|\{\{|^\$\w|^%\w+%$|^<.*>$|%[sd](?!\w)|\{\w*\}|://|^/[\w.-]+/|^\.{0,2}/|^[\w-]+(?:\.[\w-]+)+$|::|->|[aA]-[zZ]|0-9"
)
_RUN = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+|\d+|[^A-Za-z\d]+")

_MAILBOX = re.compile(rb"(?<![\w.+/@-])[A-Za-z0-9][\w.+-]{0,63}$")
_DOMAIN = re.compile(rb"((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.)+([A-Za-z]{2,12}))(?![\w@(/-]|:\w|\.\w)")
_FUNCTION_BOX = re.compile(
    rb"(?i)^(?:no-?reply|do-?not-?reply|git|hg|svn|root|admin|administrator|postmaster|webmaster|hostmaster|abuse|security|support|info|hello|"
    rb"contact|help|bugs?|team|dev|devs|developers?|maintainers?|list|lists|users?|announce|sales|legal|privacy|opensource|oss|press|office|"
    rb"mail|email|test|tests|foo|bar|you|your\.?(?:name|email)|me|someone|somebody|nobody|anyone|name|username|john\.?doe|jane\.?doe|daemon|"
    rb"[\w.+-]*(?:noreply|no-reply|\[bot\]|-bot|-list|-users|-dev|-announce))$"
)
_RESERVED_DOMAIN = re.compile(
    rb"(?i)(?:^|\.)(?:example\.(?:com|org|net|edu)|[\w-]+\.(?:example|test|invalid|localhost|local)|(?:foo|bar|foobar|domain|company|host|server|email|test|acme)\.(?:com|org|net)"
    rb"|noreply\.github\.com|\dx\.\w+)$"
)
# Top-level domains outside the two-letter ones; a closed list, since `a@b.transpose` is a matrix product.
_DOMAINS = frozenset(
    b"com org net edu gov mil int info biz name pro app dev cloud email tech systems software online site xyz page blog codes engineering live "
    b"world work works team studio digital design network agency group company solutions services tools science academy university".split()
)
_COUNTRIES = frozenset(
    b"ac ad ae af ag ai al am ao aq ar at au az ba bd be bg bh bo br bs by bz ca cc cd ch ci cl cm cn co cr cu cy cz de dk do dz ec ee eg es et eu "
    b"fi fj fm fo fr ga ge gg gh gi gl gm gr gt hk hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh kr kw kz la lb li lk lt lu lv ly "
    b"ma mc md me mg mk ml mm mn mo mt mu mx my mz na ng ni nl no np nu nz om pa pe ph pk pl pr ps pt pw py qa ro rs ru rw sa sc se sg sh si sk sm "
    b"sn so st su sv sy tc th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vn ws za zm zw".split()
)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One secret's place: bytes [start, end) of the text in UTF-8, on ``line`` (from 1). It does not hold the secret."""

    start: int
    end: int
    kind: str
    line: int


@cache
def _scanner():
    from kingfisher_sdk import Rules, Scanner  # loads a native library: only when something is scanned

    return Scanner(Rules())


def _entropy(value: bytes) -> float:
    """Shannon entropy in bits a byte."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())


def _known_formats(data: bytes) -> Iterator[tuple[int, int, str]]:
    for found in _scanner().scan(data):
        if not found.visible and found.rule_id not in _SECRET_PARTS:
            continue
        place = found.location
        start, end = place["start_offset"], place["end_offset"]
        if not found.visible and not _mixed_case(data[start:end]):
            continue  # forty hexadecimal digits are a commit, not a key
        kind = re.sub(r"^(?:betterleaks\.|kingfisher\.|veles\.secrets/)|\.\d+$", "", found.rule_id)
        yield start, end, kind


def _mixed_case(value: bytes) -> bool:
    return bool(re.search(rb"[a-z]", value) and re.search(rb"[A-Z]", value) and re.search(rb"\d", value))


def _lone_ids_and_keys(data: bytes) -> Iterator[tuple[int, int, str]]:
    if b"AKIA" in data or b"ASIA" in data or b"ABIA" in data or b"ACCA" in data:
        for match in _AWS_ID.finditer(data):
            if _entropy(match[0][4:]) >= 2.5 and b"EXAMPLE" not in match[0]:
                yield match.start(), match.end(), "aws-access-key-id"
    if b"PRIVATE KEY" in data:
        for match in _KEY_BLOCK.finditer(data):
            if _BASE64_RUN.search(match[0]):
                yield match.start(), match.end(), "private-key"


def _assigned(data: bytes) -> Iterator[tuple[int, int, str]]:
    lower = data.lower()
    for name in _NAMES:
        at = lower.find(name)
        while at >= 0:
            end, sure = _name_end(data, lower, at, name)
            match = _ASSIGNED.match(data, end) if end else None
            if match:
                group = "quoted" if match["quoted"] else "bare"
                password = name not in (b"secret", b"token", b"key", b"credential")
                if _looks_secret(match[group], password, group == "bare") and (sure or _long_and_mixed(match[group])):
                    yield match.start(group), match.end(group), "password" if password else "api-key"
            at = lower.find(name, at + len(name))


def _name_end(data: bytes, lower: bytes, at: int, name: bytes) -> tuple[int, bool]:
    """Where the name that holds the word at ``at`` ends, 0 if it names nothing secret; and whether it surely does. `cache_key` never, `some_key` maybe."""
    end = at + len(name)
    if name == b"pass":
        longer = next((end + len(rest) for rest in (b"word", b"wd", b"phrase") if lower.startswith(rest, end)), 0)
        return longer or (end if _OPERATOR.match(data, end) else 0), True  # "pass `this`" is prose
    if name == b"pw":
        return (end if _OPERATOR.match(data, end) and not lower[end : end + 1].isalnum() else 0), True
    if name != b"key":
        return end, True
    before = lower[max(0, at - 11) : at]
    if before.rstrip(b"_-").endswith(_KEYS_OF):
        return end, True
    joined = before[-1:] in (b"_", b"-") or (data[at : at + 1] == b"K" and before[-1:].isalpha())
    return (0 if _OPEN_KEY.search(before) or not joined else end), False


def _long_and_mixed(value: bytes) -> bool:
    return len(value) >= 32 and (_mixed_case(value) or re.match(rb"[0-9a-f]{32}", value) is not None)


def _logins(data: bytes) -> Iterator[tuple[int, int, str]]:
    """Passwords in URLs, what an HTTP or Docker login packs as base64 of `user:password`, bearer tokens, and secret addresses of webhooks."""
    for match in _LOGIN_IN_URL.finditer(data) if b"://" in data else ():
        if _looks_secret(match["value"], password=True, bare=False, least=2):
            yield match.start("value"), match.end("value"), "password"
    for match in _LOGIN_IN_BASE64.finditer(data) if b"Basic" in data or b'"auth"' in data else ():
        if re.fullmatch(rb"[\x21-\x39\x3b-\x7e]{1,128}:[\x20-\x7e]{4,}", _unpacked(match["value"])):
            yield match.start("value"), match.end("value"), "basic-login"
    for match in _BEARER.finditer(data) if b"earer" in data or b"ebhook" in data else ():
        if _looks_secret(match["value"], password=False, bare=True):
            yield match.start("value"), match.end("value"), "bearer-token" if match[0][:1] in b"bB" else "webhook"


def _unpacked(value: bytes) -> bytes:
    try:
        return base64.b64decode(value + b"=" * (-len(value) % 4))
    except ValueError:
        return b""


def _looks_secret(value: bytes, password: bool, bare: bool, least: int = 3) -> bool:
    """Whether an assigned value is made of chance, not of words: its length, its classes of characters (``least`` for a quoted password), entropy."""
    if _WORDLIKE.search(value) or _TEMPLATE.search(value):
        return False
    digits, lowers, uppers = (len(re.findall(pattern, value)) for pattern in (rb"\d", rb"[a-z]", rb"[A-Z]"))
    others = len(value) - digits - lowers - uppers
    entropy, classes = _entropy(value), (digits > 0) + (lowers > 0) + (uppers > 0)
    if password and not bare:
        classes += others > value.count(b"_") + value.count(b"-")
        return classes >= least and (digits + others >= 2 or len(value) >= 14 and uppers >= 3) and entropy >= 2.7
    if len(value) < (12 if password else 16) or entropy < 3.0:
        return False
    mean = len(value) / len(_RUN.findall(value))  # letters a word: 4 to 6 in the names of things, 2 to 3 in random text
    if classes == 3:
        return mean <= (3.2 if len(value) >= 24 and digits >= 3 else 3.0)
    return mean <= 3.0 if digits >= 3 and lowers + uppers >= 3 else mean <= 3.0 and lowers >= 4 and uppers >= 4


def _addresses(data: bytes) -> Iterator[tuple[int, int, str]]:
    at = data.find(b"@")
    while at >= 0:
        domain = _DOMAIN.match(data, at + 1)
        ending = domain[2].lower() if domain else b""
        if ending in _DOMAINS or ending in _COUNTRIES:
            mailbox = _MAILBOX.search(data[max(0, at - 66) : at])
            if mailbox and not _FUNCTION_BOX.match(mailbox[0]) and not _RESERVED_DOMAIN.search(domain[1]):
                if len(mailbox[0]) + len(domain[1]) > 6:  # `a@b.com` is nobody's
                    yield at - len(mailbox[0]), domain.end(), "email"
        at = data.find(b"@", at + 1)


def _found(data: bytes, emails: bool) -> list[tuple[int, int, str]]:
    """Spans in order, none overlapping: joined where they did, named after the first finder's longest."""
    spans = [*_known_formats(data), *_lone_ids_and_keys(data), *_assigned(data), *_logins(data), *(_addresses(data) if emails else ())]
    joined: list[tuple[int, int, str]] = []
    for start, end, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
        if _PLACEHOLDER.search(data[start:end]):
            continue
        if joined and start < joined[-1][1]:
            before, until, first = joined[-1]
            joined[-1] = (before, max(end, until), first)
        else:
            joined.append((start, end, kind))
    return joined


def findings(text: str, emails: bool = True) -> list[Finding]:
    """Where the secrets of a text are, in order. Empty for anything that ``redacted`` returned."""
    data = text.encode("utf-8", "surrogatepass")
    return [Finding(start, end, kind, data.count(b"\n", 0, start) + 1) for start, end, kind in _found(data, emails)]


def placeholder(secret: bytes, kind: str, salt: str = "") -> bytes:
    """The word that stands for a secret; the same for the same secret, kind and salt."""
    mark = hashlib.blake2b(secret, key=hashlib.sha256(salt.encode()).digest(), digest_size=2).hexdigest()
    if kind == "email":
        return f"redacted-{mark}@example.com".encode()
    return f"REDACTED_{re.sub('[^A-Z0-9]+', '_', kind.upper())}_{mark}".encode()


def redacted(text: str, emails: bool = True, salt: str = "") -> tuple[str, dict[str, int]]:
    """The text with its secrets replaced, and how many of each kind (a secret that stands twice counts twice).

    ``salt`` keys the placeholders: give what names the repository to make the same secret look different in two of them."""
    data = text.encode("utf-8", "surrogatepass")
    counts: Counter[str] = Counter()
    spans = _found(data, emails)
    if not spans:
        return text, {}
    while spans:  # what is left changes its neighbourhood, so look again; each round shortens what is not yet a placeholder
        pieces, done = [], 0
        for start, end, kind in spans:
            pieces += [data[done:start], placeholder(data[start:end], kind, salt)]
            done = end
            counts[kind] += 1
        data = b"".join([*pieces, data[done:]])
        spans = _found(data, emails)
    return data.decode("utf-8", "surrogatepass"), dict(sorted(counts.items()))


def redacted_many(texts: Iterable[str], emails: bool = True, salt: str = "") -> Iterator[tuple[str, dict[str, int]]]:
    """``redacted`` for one text after the other; equal texts that follow one another are scanned once."""
    last: str | None = None
    answer: tuple[str, dict[str, int]] = ("", {})
    for text in texts:
        if text != last:
            last, answer = text, redacted(text, emails, salt)
        yield answer[0], dict(answer[1])
