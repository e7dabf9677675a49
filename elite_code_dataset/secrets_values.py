"""Values: does a string look like a secret, that is, made of chance or by a person as a password, and not like code, prose or a placeholder?

In: a value, as bytes, without its quotes. Out: yes or no, for names of several strengths. Cost: 2-10 us a value; only values that a rule binds to
something secret come here.

Chance is measured on neighbours: in names and prose, nine of ten pairs of letters are among the 220 commonest, and letters seldom touch digits; in
random text a third of the pairs are, and letters touch digits all the time.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter

# The 220 commonest pairs of letters (case ignored) in the words of real code, one after the other; they cover 93 % of its pairs.
_PAIRS = (
    b"abacadagaialamanaparasatauawaybabebiblbobtbubycacechcickclcocrctcudadddedidodsdueaecedeeefegeielemenepeqeresetevewexfafefffiflfnfo"
    b"frfugegigngrgshahehihohrhtiaicidieifigiliminioipirisitivizkelaldlelflilllolsltlulymambmemimmmompmunancndnenfngninknonpnsntnuobocod"
    b"ofokolomonoooporosotouovowpapepiplpoppprpsptpupyqurarcrdrergrirlrmrnrorrrsrtrurysascseshsisospssstsusytatctdtethtitltotptrtstttuty"
    b"uaubucueuiulumunupurusutvaveviwawewhwiwoxpxtypytze"
)
_COMMON_PAIRS = frozenset(zip(_PAIRS[::2], _PAIRS[1::2]))
_WORDLIKE = re.compile(
    rb"(?i)example|chang(?:e|ing)[-_ ]?(?:me|it|this)|placeholder|dummy|sample|redacted|your[-_ ]?|insert|replace|to-?do[-_: ]|fixme|xxxx|\*\*\*|\.\.\.|1234567890|abcdefgh"
    rb"|foobar|qwertyui|secret[-_ ]?(?:here|value|goes)|(?:goes|key|token|value|password)[-_ ]?here|00000000|not[-_ ]a?[-_ ]?(?:real|secret|valid)|fake|deadbeef|0123456789"
)
_TEMPLATE = re.compile(
    rb"[${}<>%@#]\{|\$\(|\{\{|^\$\w|^%\w+%$|^<.*>$|%[sd](?!\w)|\{\w*\}|\[[A-Z_ -]+\]|://|^(?:~|\.{0,2})/[a-z][\w.-]+/|^\.{1,2}/|^(?:@@|__|%%|\[\[|#)[A-Z_a-z.]+(?:@@|__|%%|\]\]|#)$|^(?:[@%|*#~$]{1,2})[A-Za-z][\w.]*[@%|*#~]{1,2}$|^\$\$\w+\$\$$|^!?(?:vault|ref|ssm|op|aws|gcp|azure|env|file|secret|arn|kms)[:+ ]|::|->|=>|[aA]-[zZ]|(?<![0-9a-f]{3})0-9|\\[wdsux]|\.(?:pem|key|json|ya?ml|txt|py|js)$"
)
_ENTITY = re.compile(rb"&(?:amp|lt|gt|quot|#\d+);")
_LOOSE = re.compile(rb"[A-Za-z0-9]+")
_IDENTIFIER_ENDS = re.compile(
    rb"(?i)^(?:u?int|i|u|f|float|utf|sha|md|bytes|base|vec|crc|aes|rsa|bits?|word|char|amd|arm|win|v|val|value|arg|param|var|tmp|str|string|s|p|x|pw|pwd|pass|password|secret|token|key"
    rb"|col|field|user|name|line|item|data|result|res|ret|input|text|buf|obj)s?_?\d+$"
)
# Words that say that a phrase is a message about a password, not one.
_PROSE = frozenset(
    b"a an the is are be must not no and or of for to in on with your you my our it this that was has have can cannot should will if at by from as do does "
    b"enter invalid wrong incorrect forgot forgotten forget reset change new old current confirm repeat again required optional missing empty minimum "
    b"maximum long short length characters character field input type show hide login log sign signin user username email name account value text string "
    b"mot de und oder der die das ist por para con el la le les un une des du hash hashed hidden protected disabled enabled update create delete set get "
    b"default settings error failed success check match matches policy strength generate copy copied saved save clear remove file prompt ask auto".split()
)
# Single words that stand beside a password's name in code and are none.
_CODE_WORDS = frozenset(
    b"string text hidden required optional disabled enabled nullable varchar unknown undefined sensitive private public internal protected default "
    b"encrypted hashed masked plain plaintext cleartext basic digest simple binary boolean integer number object array bytes buffer input output field "
    b"value config settings login signin signup logout username account unchanged admin administrator test tests testing tester user users demo root guest "
    b"secret secrets token tokens hidden removed deleted missing empty invalid incorrect valid wrong expired reset change changed update create delete "
    b"confirmed forgot prompt interactive keyring environment keychain identity strength confirm confirmation repeat verify verified external "
    b"bcrypt argon scrypt pbkdf shadow crypt lock locked unlock none null true false nothing whatever anything something postgres mysql mongodb redis "
    b"oracle sqlite rabbitmq elastic redacted filtered obscured".split()
)
_WEAK_STEMS = re.compile(
    rb"(?i)^(?:(?:test|tests|testing|admin|user|root|demo|guest|foo|bar|baz|abc|qwerty|pass|passwd|pwd|password|pw|secret|token|key|value|my|string|field|arg|param|new|old|tmp|temp|str|var|line|item|data|name|other|some|bad|good|wrong)[_-]?)*[a-z]?[_-]?\d{0,4}!?$"
)


# The word password in other languages: a label, not a password.
_TRANSLATED = re.compile(
    rb"(?i)kennw|passwort|losung|losenord|adgangskode|kodeord|passord|salasana|wachtw|contrase|clave|senha|palavra|motdepasse|parol[aei]|parool|lozinka|zaporka|geslo"
    rb"|hasl[oa]|heslo|jelszo|sifre|slaptazodis|lykilord|pasahitza|(?:sandi|mima)$"
)


def entropy(value: bytes) -> float:
    """Shannon entropy in bits a byte."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())


def mixed_case(value: bytes) -> bool:
    return bool(re.search(rb"[a-z]", value) and re.search(rb"[A-Z]", value) and re.search(rb"\d", value))


def is_template(value: bytes) -> bool:
    """Whether a value says by its form or words that something else belongs there, or is a path, a pattern or a URL."""
    return bool(_WORDLIKE.search(value) or _TEMPLATE.search(value))


def strangeness(value: bytes) -> float:
    """Share of neighbouring letters and digits that names and prose seldom have: about 0.1 in those, 0.7 to 0.9 in random text; 0 if there are under 6."""
    odd = seen = 0
    for run in _LOOSE.findall(value[:256]):
        lower, last_digit, last = run.lower(), run[0] < 58, run[0] | 32
        for byte in lower[1:]:
            digit = byte < 58
            if digit != last_digit:
                odd, seen = odd + 1, seen + 1
            elif not digit:
                odd, seen = odd + ((last, byte) not in _COMMON_PAIRS), seen + 1
            last_digit, last = digit, byte
    return odd / seen if seen >= 6 else 0.0


def is_random(value: bytes, least: int = 16) -> bool:
    """Whether ``least`` or more characters look drawn by chance. Hexadecimal and single-case strings too."""
    if len(value) < least or entropy(value) < 2.9 or (len(value) >= 24 and entropy(value) < 3.2) or is_template(value):
        return False
    if (len(value) < 20 and re.fullmatch(rb"[0-9a-f]+|[0-9A-F]+", value)) or re.fullmatch(rb"0x[0-9a-fA-F]{1,40}[uUlL]{0,3}", value):
        return False  # too short for a key, long enough for a checksum or an address
    kinds = (re.search(rb"\d", value) is not None) + (re.search(rb"[a-z]", value) is not None) + (re.search(rb"[A-Z]", value) is not None)
    strange = strangeness(value)
    if value.count(b".") + value.count(b"/") + value.count(b"-") + value.count(b"_") > len(value) / 5 and strange < 0.65:
        return False
    base32 = kinds == 2 and re.fullmatch(rb"[A-Z2-7]{16,}", value) is not None
    return strange >= (0.4 if base32 or (kinds == 3 and len(value) >= 20) else 0.46)


def is_strong(value: bytes, least: int = 24) -> bool:
    """Random, long, and of three kinds of characters: believable as a secret even under a name that says little."""
    return mixed_case(value) and is_random(value, least)


def is_hexadecimal(value: bytes, least: int = 32) -> bool:
    return len(value) >= least and re.fullmatch(rb"(?:[0-9a-f]+|[0-9A-F]+)", value) is not None and is_random(value)


def is_password(value: bytes, bare: bool) -> bool:
    """Whether the value of a password's name is one that chance, a generator or a person made up."""
    if not 4 <= len(value) <= 256 or is_template(value):
        return False
    if b" " in value:
        return not bare and _is_phrase(value)
    if value.isalpha() and _is_restless(value, bare):
        return True
    return is_random(value, 12) or (_is_mixed(value) if not bare else _is_mixed(value) and _is_config_word(value)) or _is_packed(value)


def _is_restless(value: bytes, bare: bool) -> bool:
    """Letters whose case changes as no name's does: `fJqWzKvHx`, but not `setMaxRows`."""
    if not bare and len(value) >= 8 and len(re.findall(rb"[a-z][A-Z]", value)) >= 2 and strangeness(value) >= 0.4:
        return True
    small = re.findall(rb"[a-z]+", value)
    return len(value) >= 10 and len(re.findall(rb"[a-z][A-Z]", value)) >= 3 and sum(map(len, small)) / len(small) <= 2


def is_human_word(value: bytes) -> bool:
    """A lone word of letters, or a number, that someone chose as a password; only for values in quotes after an unmistakable name."""
    if is_template(value):
        return False
    if re.fullmatch(rb"[a-z]{6,20}|[A-Z][a-z]{5,20}", value):
        word = value.lower()
        return (
            word not in _CODE_WORDS
            and word not in _PROSE
            and not re.search(rb"pass|pwd|user|admin|secret|login|test|auth|key", word)
            and not _TRANSLATED.match(word)
        )
    return re.fullmatch(rb"\d{5,16}", value) is not None and len(set(value)) >= 4 and value not in b"01234567890123456789 9876543210"


def is_type_or_variable(value: bytes) -> bool:
    """`bytes32`, `value2`: a name that ends in a number."""
    return _IDENTIFIER_ENDS.match(value) is not None


def is_weak(value: bytes) -> bool:
    """`password`, `user1`, `test123`: what stands for a password in examples."""
    return _WEAK_STEMS.match(value) is not None


def _is_mixed(value: bytes) -> bool:
    """Letters with digits or signs among them, and no name of a thing: `hunter2`, `S3cure!pw`, `Winter-2024`."""
    if len(value) < 6 or entropy(value) < 1.9 or _WEAK_STEMS.match(value) or _ENTITY.search(value):
        return False
    letters, digits = len(re.findall(rb"[A-Za-z]", value)), len(re.findall(rb"\d", value))
    signs = len(re.findall(rb"[!#$%^&*?~+=|@;]", value))
    if re.fullmatch(rb"[A-Za-z_][A-Za-z_.:-]*", value) or letters + digits == 0:
        return False  # a name, dotted or joined, without a digit
    if re.fullmatch(rb"\d+(?:[.,:-]\d+)*[a-z]{0,3}|0x[0-9a-fA-F]+", value):
        return False
    if re.match(rb"(?i)p[a@4][s$5]{2}w[o0]rd?$", value):
        return True
    if re.fullmatch(rb"[a-z_]+(?:[|:,][\w:]+)+|[a-z_]+=[a-z_]+[\w.]*", value):
        return False  # `required|min:8`
    if digits and letters:
        if (
            signs == 0
            and re.search(rb"[-_.]", value)
            and all(re.fullmatch(rb"[A-Za-z]*\d?|\d+", part) for part in re.split(rb"[-_.]", value))
        ):
            if re.fullmatch(rb"(?:[a-z]{4,}[-.]){2,3}[a-z]{4,}\d{1,4}", value):
                return not any(_is_thing(word) for word in re.findall(rb"[a-z]+", value))
            return bool(re.fullmatch(rb"[A-Za-z]{3,}[-_.](?:\d{3,4}|[A-Za-z]{3,}[-_.]\d{2,4})", value))  # names of things are joined too
        return not re.search(rb"(?i)passw(?:or)?d$", value)
    word = value.lower().rstrip(b"!")
    return (
        signs > 0
        and letters >= 3
        and word not in _PROSE | _CODE_WORDS
        and re.search(rb"[()\[\]{}|;=+,]|^[&*!%@-]\w+@?$|^(?:@@|##?)[A-Za-z]+$|^\w+[?*&:@]{1,2}$", value) is None
    )


def _is_thing(word: bytes) -> bool:
    """A word of names of things: `prod-mysql-user1`, `self.config.item3`."""
    return (
        word in _CODE_WORDS
        or word in _PROSE
        or re.search(rb"pass|pwd|user|admin|secret|login|test|auth|key|serv|prod|stag|data|conf|self|item|node|host|name", word) is not None
    )


def _is_config_word(value: bytes) -> bool:
    """Without quotes, a value that could be a variable's name is not taken: `value2`, `int32`."""
    return not _IDENTIFIER_ENDS.match(value) and not re.search(
        rb"[()|;,]|^[*&!]|\.\w+\.|^[\w.]+\.[a-z_]+$|^\w+![rsa]$|^[a-zA-Z_]+\d?!?$", value
    )


def _is_phrase(value: bytes) -> bool:
    """Two to eight words that say nothing about passwords: `correct horse battery staple`."""
    words = value.lower().split(b" ")
    return (
        2 <= len(words) <= 8
        and all(re.fullmatch(rb"[a-z]{3,12}\d{0,4}", word) for word in words)
        and not any(
            word in _PROSE or word in _CODE_WORDS or re.match(rb"pass|pwd|secret", word) or _TRANSLATED.match(word) for word in words
        )
        and not value[:1].isupper()
    )


def unpacked(value: bytes) -> bytes:
    """What base64 holds, or nothing."""
    try:
        return base64.b64decode(value.replace(b"-", b"+").replace(b"_", b"/") + b"=" * (-len(value) % 4), validate=True)
    except (ValueError, binascii.Error):
        return b""


def _is_packed(value: bytes) -> bool:
    """Base64 of a printable text: what a Kubernetes secret holds."""
    if (
        len(value) < 8
        or len(value) % 4
        or not re.fullmatch(rb"[A-Za-z0-9+/]+={0,2}", value)
        or not re.search(rb"[A-Z].*[a-z]|[a-z].*[A-Z]", value)
    ):
        return False
    return (value.endswith(b"=") or strangeness(value) >= 0.35) and re.fullmatch(rb"[\x20-\x7e]{5,}\s?", unpacked(value)) is not None
