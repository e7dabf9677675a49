"""Formats: secrets that are known by their own form, or by the syntax that logs in with them, whatever the name in front.

In: bytes. Out: spans with a kind. Cost: the scanner's 5 ms a megabyte, in which it also looks for the
"openings", fixed strings of which a rule of ours needs one (`assets/secret_openings.yml`); and 3 ms for lone tokens.

kingfisher-secret-scanner knows about 490 providers; the rules here are for what it leaves: forms of keys, hashed passwords, signed addresses,
and long tokens with a prefix, or on a line that speaks of keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from elite_code_dataset.secrets_values import entropy, is_random, is_strong, is_weak, mixed_case, strangeness

# Rules of ours whose findings are fixed strings that open other rules: the scanner looks for all of them at once.
OPENINGS = "custom.opening"

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
_AWS_ID = re.compile(rb"(?<![A-Za-z0-9/+])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9/+])")
_BLOCK_KIND = rb"(?:[A-Z0-9]+ ){0,3}(?:PRIVATE|SECRET) KEY(?: BLOCK)?"
_KEY_BLOCK = re.compile(
    rb"-----BEGIN " + _BLOCK_KIND + rb"-----"
    rb"(?:[A-Za-z0-9+/=\s\"',:;.()\\-]{1,20000}?-----END " + _BLOCK_KIND + rb"-----|(?:[\s\"'+]|\\r|\\n)*[A-Za-z0-9+/=\\\s]{64,20000})"
)
_BASE64_RUN = re.compile(rb"[A-Za-z0-9+/]{40,}")
_STATIC_KEY = re.compile(
    rb"-----BEGIN OpenVPN Static key V1-----(?:\s|\\n|[\"'+])*(?P<value>(?:[0-9a-f]{32}(?:\s|\\n|[\"'+])*){2,32})(?=-----END|\S|$)"
)

# Forms of their own: the openings of which one must stand in the text, the pattern, the kind. A group `value` narrows the span.
_FORMS: tuple[tuple[frozenset[bytes], re.Pattern[bytes], str], ...] = tuple(
    (frozenset(openings.split(b"|")), re.compile(pattern), kind)
    for openings, pattern, kind in (
        (
            b"$2a$|$2b$|$2y$|$2x$|$1$|$5$|$6$|$apr1$",
            rb"\$(?:2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|[156]\$(?:rounds=\d+\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{22,86}|apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22})",
            "password-hash",
        ),
        (
            b"$argon2|$scrypt$|$pbkdf2|$y$|$7$",
            rb"\$(?:argon2(?:id|i|d)|scrypt|pbkdf2(?:-sha\d+)?|y|7)\$[\w=,.$/+-]{30,300}",
            "password-hash",
        ),
        (
            b"pbkdf2_sha|scrypt:|pbkdf2:",
            rb"(?:pbkdf2_sha(?:1|256|512)\$\d+\$\w{4,64}\$[A-Za-z0-9+/=]{20,100}|(?:scrypt:\d+:\d+:\d+|pbkdf2:sha\d+(?::\d+)?)\$\w{4,40}\$[0-9a-f]{40,130})",
            "password-hash",
        ),
        (b"ha}|ha256}|ha512}|smd5}|pbkdf2}", rb"\{(?i:S?SHA(?:256|512)?|SMD5|PBKDF2)\}[A-Za-z0-9+/=.$]{24,200}", "password-hash"),
        (b"private-lines:", rb"Private-Lines: \d+\r?\n(?P<value>(?:[A-Za-z0-9+/=]{4,64}(?:\r?\n|$))+)", "private-key"),
        (b"secret", rb"(?:signify|ncrypted) secret key[ \t]*(?:\r?\n|\\n)(?P<value>[A-Za-z0-9+/=]{60,})", "private-key"),
        (b"untrusted comment", rb"RW[A-Za-z0-9+/]{120,240}={0,2}", "private-key"),
        (
            b"kty\"|kty'|kty:",
            rb"""(?<![\w.])["']?(?:d|p|q|dp|dq|qi|k)["']?[ \t]*(?::|=>?)[ \t]*["'](?P<value>[A-Za-z0-9_-]{22,1400})["']""",
            "private-key",
        ),
        (
            b"infura.io|alchemy.com|alchemyapi.io|quiknode|receiver/v1/http|loggly.com/inputs",
            rb"(?:infura\.io/(?:ws/)?v3|alchemy(?:api)?\.(?:com|io)/v2|quiknode\.pro|receiver/v1/http|loggly\.com/(?:inputs|bulk))/(?P<value>[\w=-]{24,120})",
            "api-key",
        ),
        (
            b"approle|role_id|role-id|vault",
            rb"""(?<!client)(?<!client[_-])(?i:secret[_-]?id)\\?["']?\]?[ \t]*(?:[:=,(]|=>|:=|[ \t])[ \t]*\\?["'`]?(?P<value>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![\w-])""",
            "vault-secret-id",
        ),
        *(
            (opening, spelling + rb"""[^\n]{0,100}?["'`= \t](?P<value>[A-Z2-7]{16,128})(?![\w-])""", "totp-seed")
            for opening, spellings in ((b"otp", b"otp Otp OTP"), (b"oathtool", b"oathtool"), (b"authenticator", b"uthenticator"))
            for spelling in spellings.split()
        ),
        (b"oathtool", rb"""oathtool\b[^\n]{0,100}?[ \t]["']?(?P<value>[0-9a-f]{20,128}|[a-z2-7]{16,128})(?!\w)""", "totp-seed"),
        (b'" totp_auth|" hotp_counter', rb"(?:^|(?<=\n))(?P<value>[A-Z2-7]{16,128})\r?\n(?=\" [A-Z_]{5,20}\b)", "totp-seed"),
        (b"sqp_|squ_|sqa_", rb"(?<!\w)sq[pua]_[0-9a-f]{40}(?!\w)", "sonarqube"),
        (b"login", rb"ogin>\s{0,20}(?P<value>[\w+/=-]{20,200})\s{0,20}</", "token"),
        (b"hook", rb"hooks?\.(?:zapier\.com/hooks/catch/\d+|\w+\.make\.com|integromat\.com)/(?P<value>[a-z0-9]{6,40})", "catch-hook"),
        (b"'crypt'", rb"'crypt'\s*=>\s*(?:\[|array\()\s*'key'\s*=>\s*'(?P<value>[0-9a-f]{32})", "api-key"),
        (b"accounts", rb"accounts[\"']?[ \t]*:[ \t]*\[\s*[\"'](?P<value>[0-9a-fA-F]{64})[\"']", "private-key"),
        (b"prd-", rb"PRD-[0-9a-f]{12}(?:-[0-9a-f]{4}){4}(?!\w)", "api-key"),
        (b"0201036c6e64", rb"0201036c6e64[0-9a-fA-F]{60,2000}", "token"),
        (b"cborhex", rb"cborHex\"[ \t]*:[ \t]*\"5820(?P<value>[0-9a-f]{64})\"", "private-key"),
        (b"nsec1", rb"(?<!\w)nsec1[02-9ac-hj-np-z]{58}(?!\w)", "private-key"),
        (b"xprv|yprv|zprv|tprv", rb"(?<!\w)[txyz]prv[1-9A-HJ-NP-Za-km-z]{100,112}(?!\w)", "private-key"),
        (
            b'_wif|fromwif|wif=|wif =|wif"',
            rb"[wW][iI][fF][\w\"'` \t:=(]{1,8}(?P<value>[5KL9c][1-9A-HJ-NP-Za-km-z]{50,51})(?!\w)",
            "private-key",
        ),
        (
            b"begin ssh2",
            rb"BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\s+(?:[\w-]+: [^\n]*\n)*(?P<value>[A-Za-z0-9+/=\s]{60,20000})",
            "private-key",
        ),
        (
            b"wallet|account|private|signer|from_key|fromkey|deployer",
            rb"""0x[0-9a-fA-F]{64}(?![0-9a-fA-F])""",
            "chain-key",
        ),
        (
            b"browserstack|routing_key|routingkey|integration_key",
            rb"""(?:browserstack[._]?key|routing_?[kK]ey|integration_?[kK]ey)["']?[ \t]*[:=,][ \t]*["']?(?P<value>[A-Za-z0-9]{20,40})(?!\w)""",
            "api-key",
        ),
        (b"</d>|</p>|</q>", rb"<(?:D|P|Q|DP|DQ|InverseQ)>(?P<value>[A-Za-z0-9+/=\s]{30,1000})</", "private-key"),
        (b".local.", rb"v[1-4]\.local\.[\w-]{40,}(?:\.[\w-]+)?", "token"),
        (b"signature", rb"-Signature=(?P<value>[0-9a-f]{40,600})", "url-signature"),
        (
            b"sig=|sign=|signature|hmac",
            rb"[?&;](?:amp;)?(?:sig|Signature|sign|hmac)=(?P<value>[A-Za-z0-9%+/=~_-]{24,700})",
            "url-signature",
        ),
        (b"signature", rb"Signature=[\"']?(?P<value>[A-Za-z0-9+/=]{24,700})", "url-signature"),
        (b"hook", rb"hook(?:s|b2)?[./](?:[\w.@%-]+/){0,6}(?P<value>[\w@-]{16,100})(?![\w/@-])", "webhook"),
        (
            b"hook",
            rb"hook(?:s|b2)?/(?P<value>[0-9a-f-]{36}@[0-9a-f-]{36}/IncomingWebhook/[0-9a-f]{32}/[0-9a-f-]{36}(?:/[\w-]+)?)",
            "webhook",
        ),
        (b":aa", rb"(?<!\d)\d{8,10}:AA[\w-]{33}(?![\w-])", "telegram"),
        (b"token$", rb"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}", "paypal"),
        (b"chimp", rb"(?<![0-9a-f])[0-9a-f]{32}-us\d{1,2}(?!\w)", "mailchimp"),
        (b"twilio", rb"AC[0-9a-f]{32}[\"'][\s,:\w=]{1,80}[\"'](?P<value>[0-9a-f]{32})[\"']", "twilio"),
        (b"1//0", rb"1//0[\w-]{40,110}(?![\w-])", "google-refresh-token"),
        (b"oy2", rb"oy2[a-z0-9]{43}(?!\w)", "nuget"),
        (b"with/key/", rb"/with/key/(?P<value>[\w-]{16,80})", "webhook"),
        (
            b"mnemonic|phrase",
            rb"""(?:[mM]nemonic|MNEMONIC|[pP]hrase|PHRASE)[^\n"'`:=]{0,20}["'`]?[ \t]*[:=(][ \t]*["'`]?(?P<value>(?:[a-z]{3,8} ){11,23}[a-z]{3,8})\b""",
            "seed-phrase",
        ),
        (b"mnemonic|phrase|wallet", rb"""["'`](?P<value>(?:[a-z]{3,8} ){11}(?:[a-z]{3,8} ){0,12}[a-z]{3,8})["'`]""", "seed-phrase"),
    )
)
_SIGNS = re.compile(
    rb"(?i)(?:wallet\w*|account\w*|private_?key\w*|pri?v_?key|signer\w*|from_?key|deployer\w*|operator\w*|relayer\w*)[\"']?\]?[ \t]*(?:[:=(,\[{]|=>|[ \t]|new|\w{1,20}\()*(?:b|\\)?[\"'`]?$"
)
_HASHED_KEY = re.compile(rb"(?i)address|hash|root|slot|topic|public|bytes32|proof|code|storage|calldata|get\w*\([\"']?$")
_NOT_IN_SEEDS = re.compile(rb" (?:the|and|for|are|not|from|was|but|has|its|can|which|these|have|our|any|all) ")

# Bytes of tokens that nothing announces; a run of 24 or more is worth a look.
_TOKEN_BYTES = bytes(chr(c).isalnum() or c in b"_-" if c < 128 else 0 for c in range(256))
_LONG = b"\1" * 24
_PREFIX = re.compile(rb"(?:[a-z]{2,10}|[A-Z]{2,10}|[A-Z][a-z]{1,9})\d?[_-](?:[a-z]{2,8}\d?[_-]){0,2}")
_FILE_NAME = re.compile(rb"\.[a-z]{2,4}\d?$")
_DIGIT = re.compile(rb"\d")
_BEFORE = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+/$~-"
_BEYOND = re.compile(rb"[\w.+/=:$~-]*")
_UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_KEY_PREFIXES = frozenset(b"sdk pat sk key tok token api secret mob rk st pk live".split())
_COMMON_PREFIXES = frozenset(
    b"sha_ sha- sha1- sha2- md5- md5_ rev- rev_ hash- hash_ commit- commit_ css- css_ id- id_ img- img_ file- file_ tmp- tmp_ chunk- chunk_ main- main_ uid- uuid- obj- node- "
    b"ami- subnet- vol- snap- image- asset- assets- index- bundle- vendor- page- layer- test- test_ app- app_ blob- build- build_ cache- etag- ref- v1- v1_ data- data_ zn_ dpl_ prj_ cus_ pi_ price_ prod_ evt_ sub_ in_ ch_ acct_ req_ req- run_ run- msg_ asst_ thread_ file- chatcmpl- resp_ user_ org_ org- proj_ team_ "
    b"cs_ seti_ pm_ card_ plan_ txn_ po_ job_ job- task_ trace- span_ wf_ deploy- release- session- channel- video- doc- page_ item_ ver_ conv_ item- lib- libs-".split()
)
# How tokens of providers begin that have no prefix with a joint.
_PROVIDERS = re.compile(
    rb"EAA[A-Za-z0-9]{60}|IGQ|A{21}|AQVN|00[\w-]{40}$|cmVmdGtu|AKCp|cio[A-Za-z0-9]{32}$|sk[A-Za-z0-9]{80}|dG9r|ABSK|AQE|AQ[\w-]{100}|2[A-Za-z0-9]{26}_[A-Za-z0-9]{20}|xox|sl\.|dp\.|sk\.eyJ"
    rb"|A[X-Z][A-Za-z0-9]{40,}={1,2}$|[0-9a-f]{36}NRAL|ya29\.|[\w-]{23,28}\.[\w-]{6}\.[\w-]{27,}$|hcaik_|[A-Za-z0-9]{14}\.atlasv1"
)
# Words of a line that make a long token without prefix one that opens something.
_SECRET_LINE = re.compile(
    rb"(?i)key|token(?!iz)|secret|cred|auth|\bapi|_api|api_|passw|passph|client|login|signin|sign_|signer|signing|bearer|session|cookie|fernet|jwt|private|licen[sc]e|webhook|connect|crypt|keypair|wallet|hmac|cipher"
)
_OTHER_LINE = re.compile(
    rb"(?i)(?:cursor|before|after|nonce|state|challenge|page|marker|trace\w*|span|request|build|deploy\w*|version|cache\w*|credential_?id|raw_?id|attestation\w*|value|certificate|cert|secure|enc|encrypted\w*|cipher_?text"
    rb"|sealed\w*|snapshot|fixtures?|encoded|serialized|payload|blob|data|icon|image|avatar|thumb\w*|blur\w*|site_?key|publi\w*|slot|root|topic|prime|modulus|ids?|slug|file\w*|path|font|wasm|playlist|video|mappings"
    rb"|atob\(|b64decode\(|from_?base64\w*\(|from_?hex\()[\"'`]?\]?[ \t]*(?:[:=]|=>|:=)?[ \t]*[\[(]?[bru]?[\"'`]?$"
)
# How public keys, certificates, pictures and addresses begin.
_PUBLIC = (b"AAAAB3", b"AAAAC3", b"AAAAE2", b"MII", b"Qm", b"iVBOR", b"R0lGOD", b"0x", b"/9j/", b"UklGR", b"PHN2")
# Comparisons with what a function gave, and what it is given.
_COMPARED = re.compile(rb"(?i)assert|expect|digest|md5|b64|base64|hexlify|hash|checksum|etag|signature|verify|\bpub|==[ \t]*[\"']?$")
_KEYED = re.compile(rb"(?i)hmac|jwt[.(]|\bsign\(|cipher")
_HASHED = re.compile(
    rb"(?i)(?:sha\d*|md5|h1|blake\w*|digest|integrity|checksum|hash|etag|base64|commit|rev|revision|fingerprint|nonce|uuid|guid|cid|ipfs|://[^\s\"']*|\bid|[_-]id|Id|address|addr|public|pub\w*|site[_-]?key|measurement|tracking)[\"' ]*[-:=,( /]*[ \t]*[\"'`]?$"
)


@cache
def _scanner():
    from kingfisher_sdk import Rules, Scanner  # loads a native library: only when something is scanned

    return Scanner(Rules([Path(__file__).with_name("assets") / "secret_openings.yml"]))


def scanned(data: bytes) -> tuple[list[tuple[int, int, str]], frozenset[bytes]]:
    """What the scanner's rules of providers' formats find, base64 unwrapped; and the openings, in lower case, that stand in the text."""
    spans, openings = [], set()
    for found in _scanner().scan(data):
        if found.rule_id.startswith(OPENINGS):
            openings.add(found.secret.lower().encode())
        elif found.visible or found.rule_id in _SECRET_PARTS:
            start, end = found.location["start_offset"], found.location["end_offset"]
            if _is_reported(data, start, end, found):
                spans.append((start, end, re.sub(r"^(?:betterleaks\.|kingfisher\.|veles\.secrets/)|\.\d+$", "", found.rule_id)))
    return spans, frozenset(openings)


def _is_reported(data: bytes, start: int, end: int, found) -> bool:
    value = data[start:end]
    if not found.visible:  # forty hexadecimal digits are a commit, not a key
        line = data[max(0, start - 200, data.rfind(b"\n", 0, start) + 1) : start]
        return mixed_case(value) and not _HASHED.search(line) and not _COMPARED.search(line)
    return "generic" not in found.rule_id or not is_weak(value)


def own_forms(data: bytes, openings: frozenset[bytes]) -> Iterator[tuple[int, int, str]]:
    """Keys, hashes, signatures and webhooks known by their form."""
    if openings & {b"akia", b"asia", b"abia", b"acca"}:
        for match in _AWS_ID.finditer(data):
            if entropy(match[0][4:]) >= 2.5 and b"EXAMPLE" not in match[0]:
                yield match.start(), match.end(), "aws-access-key-id"
    if b"---begin " in openings:
        for match in _KEY_BLOCK.finditer(data):
            if _BASE64_RUN.search(match[0]):
                yield match.start(), match.end(), "private-key"
        for match in _STATIC_KEY.finditer(data):
            yield match.start("value"), match.end("value"), "private-key"
    for needed, pattern, kind in _FORMS:
        if not needed.isdisjoint(openings):
            for match in pattern.finditer(data):
                group = "value" if "value" in pattern.groupindex else 0
                if kind == "chain-key" and not _is_chain_key(data, match.start()):
                    continue
                if _holds(kind, match[group]):
                    yield match.start(group), match.end(group), kind


def _is_chain_key(data: bytes, start: int) -> bool:
    """Whether 32 bytes in hexadecimal are given to what signs: a wallet, an account, a list of accounts."""
    line = data[max(0, start - 100, data.rfind(b"\n", 0, start) + 1) : start]
    return _SIGNS.search(line) is not None and not _HASHED_KEY.search(line)


def _holds(kind: str, value: bytes) -> bool:
    """Whether what has a form is filled with chance, not with an example."""
    if kind == "seed-phrase":
        return len(value.split()) in (12, 15, 18, 21, 24) and not _NOT_IN_SEEDS.search(value) and len(set(value.split())) > 8
    if kind == "catch-hook":
        return re.search(rb"\d", value) is not None and not value.isdigit()
    if kind == "vault-secret-id":
        return entropy(value) >= 2.9
    return kind == "password-hash" or b"@" in value or is_random(re.sub(rb"\s+|%[0-9A-Fa-f]{2}", b"", value))


def unannounced(data: bytes) -> Iterator[tuple[int, int, str]]:
    """Long tokens of mixed characters: alone in quotes, or all that an assignment or a list item holds; without a prefix (`acme_`) or a provider's
    beginning only on lines that speak of keys, tokens or logins."""
    runs = data.translate(_TOKEN_BYTES)
    at = runs.find(_LONG)
    while at >= 0:
        end = runs.find(b"\0", at)
        end = end if end >= 0 else len(runs)
        span = _lone_token(data, at, end) if _DIGIT.search(data, at, end) else None
        if span:
            yield *span, "token"
            end = max(end, span[1])
        at = runs.find(_LONG, end)


def _lone_token(data: bytes, start: int, end: int) -> tuple[int, int] | None:
    """The token around a long run, if it is all that quotes hold, or all that follows a blank or a sign of assignment on a line."""
    lead = data[max(0, start - 80) : start]
    last = _BEYOND.match(data, end, end + 400)
    start, end = start - len(lead) + len(lead.rstrip(_BEFORE)), last.end()
    before, after = data[start - 1 : start], data[end : end + 1]
    value = data[start:end]
    prefix = _PREFIX.match(value)
    quoted = before in (b'"', b"'", b"`") and after == before
    if len(value) > 400 or not (quoted or _is_assigned(data, start, end, prefix)):
        return None
    if not _is_lone_secret(value, prefix) or value.startswith(_PUBLIC) or _FILE_NAME.search(value):
        return None
    line = data[max(0, start - 200, data.rfind(b"\n", 0, start) + 1) : start]
    if not prefix and not _PROVIDERS.match(value) and not _SECRET_LINE.search(line):
        return None
    compared = _HASHED.search(line) or _COMPARED.search(line) or _OTHER_LINE.search(line)
    return None if compared and not _KEYED.search(line) else (start, end)


def _is_assigned(data: bytes, start: int, end: int, prefix: re.Match[bytes] | None) -> bool:
    """Whether a token without quotes stands behind a sign of assignment, or, with a prefix such as `sk_`, behind a blank."""
    before, after = data[start - 1 : start], data[end : end + 1]
    if after not in (b"", b"\n", b"\r", b" "):
        return False
    if before == b"=" or data[start - 2 : start] in (b": ", b"= "):
        return prefix is not None or after != b" "
    return before in (b" ", b":") and prefix is not None and b"_" not in data[start + prefix.end() : end]  # `A_B_C2D` is a macro's name


def _is_lone_secret(value: bytes, prefix: re.Match[bytes] | None) -> bool:
    if prefix:
        if re.match(rb"\w+?[_-]", prefix[0].lower())[0] in _COMMON_PREFIXES:
            return False  # names of objects, not keys
        rest = value[prefix.end() :]
        if prefix[0].endswith(b"-") and re.fullmatch(rb"[0-9a-f]{40,}", rest):
            return False  # a hash with a name in front
        if _UUID.search(rest):
            return re.split(rb"[_-]", prefix[0].lower())[0] in _KEY_PREFIXES
        if re.fullmatch(rb"[0-9a-z_]{32,}", rest) and b"_" not in rest[:20]:
            return is_random(rest, 32)
        return is_strong(value) and strangeness(value) >= 0.5 and entropy(value) >= 3.8
    return (
        len(value) >= 32
        and is_strong(value)
        and strangeness(value) >= 0.5
        and entropy(value) >= 3.8
        and value.count(b".") <= 3
        and (b"/" not in value or value[-1:] == b"=")
    )
