"""Personal e-mail addresses.

In: bytes. Out: spans. Cost: 0.1 ms a megabyte. Personal means: a domain someone can own and a mailbox that is not a function. Left alone are reserved
domains (``example.com``, ``*.test``...), ``noreply`` boxes, function boxes (``security@``, ``git@``...), and addresses inside a URL (``ssh://deploy@host``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_MAILBOX = re.compile(rb"(?<![\w.+/@-])[A-Za-z0-9][\w.+-]{0,63}$")
_IN_URL = re.compile(rb"://[^\s/@\"'<>]*$")
_DOMAIN = re.compile(rb"((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.)+([A-Za-z]{2,12}))(?![\w@(/-]|:\w|\.\w)")
_FUNCTION_BOX = re.compile(
    rb"(?i)^(?:no-?reply|do-?not-?reply|git|hg|svn|root|admin|administrator|postmaster|webmaster|hostmaster|abuse|security|support|info|hello|"
    rb"contact|help|bugs?|team|dev|devs|developers?|maintainers?|list|lists|users?|announce|sales|legal|privacy|opensource|oss|press|office|"
    rb"mail|email|test|tests|foo|bar|you|your\.?(?:name|email)|me|someone|somebody|nobody|anyone|name|username|john\.?doe|jane\.?doe|daemon|"
    rb"[\w.+-]*(?:noreply|no-reply|\[bot\]|-bot|-list|-users|-dev|-announce))$"
)
_RESERVED_DOMAIN = re.compile(
    rb"(?i)(?:^|\.)(?:example\.(?:com|org|net|edu)|[\w-]+\.(?:example|test|invalid|localhost|local)|(?:foo|bar|foobar|domain|company|host|server|email|test|acme)\.(?:com|org|net)"
    rb"|noreply\.github\.com|mail\.gmail\.com|\dx\.\w+)$"
)
_MACHINES = frozenset(b"git hg svn root noreply no-reply donotreply do-not-reply nobody none".split())
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


def personal_addresses(data: bytes) -> Iterator[tuple[int, int, str]]:
    """Addresses of persons."""
    at = data.find(b"@")
    while at >= 0:
        domain = _DOMAIN.match(data, at + 1)
        ending = domain[2].lower() if domain else b""
        if ending in _DOMAINS or ending in _COUNTRIES:
            mailbox = _MAILBOX.search(data[max(0, at - 66) : at])
            if mailbox and not _FUNCTION_BOX.match(mailbox[0]) and not _RESERVED_DOMAIN.search(domain[1]):
                short = len(mailbox[0]) + len(domain[1]) <= 6  # `a@b.com` is nobody's
                if not short and not _IN_URL.search(data[max(0, at - 130) : at]):
                    yield at - len(mailbox[0]), domain.end(), "email"
        at = data.find(b"@", at + 1)


def is_nobodys(address: str) -> bool:
    """Whether an address is in a domain that nobody owns, or a box that no person reads."""
    mailbox, _, domain = address.encode("utf-8", "surrogatepass").rpartition(b"@")
    personal = domain.lower().endswith(b"users.noreply.github.com")
    return not personal and (mailbox.lower() in _MACHINES or _RESERVED_DOMAIN.search(domain) is not None)
