"""What looks drawn by chance and is no secret: ciphertext made to be committed, binary formats, public keys and addresses, headers of web tokens, ids.

In: a span that a finder proposes. Out: whether to leave it. Cost: 2 us a span; only proposed spans come here.

Only the value and the line before it are looked at, so that a line says the same wherever it is cut out.
"""

from __future__ import annotations

import json
import re

from elite_code_dataset.secrets_values import unpacked

# How files of known formats begin in base64: wasm, png, gif, jpeg, fonts, archives, documents, programs, sound, pictures, tables; deflated data.
_MAGIC = (
    rb"AGFzbQ|iVBORw0KGg|R0lGOD|/9j/4|d09GM?[gR]|UEsDB|JVBERi0|f0VMRg|H4sIA|UklGR|T2dnUwA|SUQz[AB]|AAABAAEA|Qk0\w{6}AAA|AAEAAA|T1RUTw|TVqQAA|yv66vg|QlpoO|/Td6WFo|N3q8ryc"
    rb"|KLUv/|PHN2Zy|PD94bWw|PCFET0|0M8R4KGx|ZkxhQw|AAAA\w{3}mdHlw|AAAA\w{2}Z0eX|GkXfo|U1FMaXRl|k05VTVBZ|UEFSMQ|QVJST1c|eNp|eJ[w-z]|data:"
)
# How ciphertext begins: sealed secrets, key services, salted and keyed tools, editors of encrypted files, stores of builds; in base64, messages and certificates.
_SEALED = (
    rb"Ag[A-D][\w+/]{100}|AQ[IE]CA|CiQA[\w+/]{40}|U2FsdGVkX1|gAAAAA[\w-]{60}|encrypted:|ENC[\[(]|EJ\[\d|\{cipher\}|\$ANSIBLE_VAULT|vault:v\d|YWdlLWVuY3J5cHRpb24|\{?AQAAABAAAA"
    rb"|LS0tLS1CRUdJTi(?:BQR1AgTUVT|BQR1AgUFVC|BBR0Ug|BDRVJU|BQVUJMSUMg|BTU0gyIFBV)|hQ[EI]MA[\w+/]{6}|wc[BF]MA[\w+/]{6}|jA0E[A-C]|eyJfcmFpbHMi|AQAAANCMnd8|01000000d08c9ddf"
)
_PUBLIC = (
    rb"AAAA[BCE][23]\w{4}|pk_(?:live|test)_|pk\.eyJ|0x[0-9a-fA-F]{40}$|bc1[a-z0-9]{30,60}$|bafy|Qm[1-9A-Za-z]{44}$|age1[a-z0-9]{58}$|npub1|B[\w-]{86}$|mQ[EIGM]N|mDME|xs[BF]N|mI0E|[xyz]pub\w{100}|[\w-]+\.apps\.googleusercontent\.com"
    rb"|JBSWY3DPEHPK3PXP|GEZDGNBVGY3TQOJQ|nonce-|sha\d+-|(?i:enc(?:rypted)?\[)"
)
_FORM = re.compile(rb"(?:" + _MAGIC + rb"|" + _SEALED + rb"|" + _PUBLIC + rb")")
_HEXED = re.compile(rb"(?:3[0-9]|6[1-6]){24,}$")  # hexadecimal digits in hexadecimal: a line of a vault
_WRAPPED = re.compile(rb"(?:ENC(?:\[|\()(?:PKCS7,)?|\{cipher\}|EJ\[\d:|!vault[ \t|]*|,(?:data|iv|tag):)$")
_NAME = re.compile(rb"([A-Za-z][\w./-]*)(?:\\?[\"'`])?\]?[ \t]*(?:[:=]|=>|:=|\(|>|[ \t])[ \t]*(?:[bru]|\\)?[\"'`]?$")
_OTHER_NAME = re.compile(
    rb"(?i)(?:^|[._-])(?:encrypted|sealed)(?![a-z]*ion)|(?<![a-z])enc$|Encrypted(?-i:[A-Z])|cipher_?text|cursor$|nonce$|e_?tag$|secure$"
    rb"|(?:page|continuation|next|prev|previous|sync|resume|marker|cancellation|change|pagination|watch)[_-]?token$|(?:credential|key|raw)[_-]?id$|signature_?value$|sha\d?-?\d{0,3}$|(?:^|[._/-])(?:checksum|sha\d+)[/_.-]|site_?key$"
    rb"|(?:publishable|public|anon)[_-]?\w{0,5}key$|(?:hash|slot|root|topic|prime|modulus|address|checksum|fingerprint|digest|thumbprint)$"
)
_KEY_OF_A_PERSON = re.compile(rb"(?i)(?:(?:gpg|pgp)[\w.-]*|signing_?key)[\"']?[ \t]*[:= ][ \t]*[\"']?$")
# An id made of a literal, with a name that says no more than `key`; a part and its checksum in a lock file: `  NameOfPart: 40 digits`.
_ID_CALL = re.compile(rb"(?i)(?<!v)[ug]uid[\w.:]{0,24}(?:\(|!)[( \t]*(?:\w{1,10}:[ \t]*)?[\"']$")
_SECRET_NAME = re.compile(
    rb"(?i)^(?!.*(?:[_-]|(?-i:[a-z](?=[UG])))[ug]uid[ \t]*[:=]).*(?:secret|token|pass|api|access|licen[sc]e|cred|instrumentation|client)"
)
_UUID = re.compile(rb"(?i)\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?")
_PART = re.compile(rb"  \"?(?:[A-Z][a-z]+){1,6}[\w+/-]*\"?: $")
_SURE_PART = re.compile(
    rb"(?i)[ \"]+(?:api|access|auth|client|secret|bearer|bot|deploy|refresh|session|webhook|signing|encryption|private|app|user)[A-Za-z]*\"?: $"
)
_TOKEN_PARTS = frozenset("alg typ kid enc cty jku x5t x5c zip sub iss aud exp nbf iat jti name admin email role roles scope".split())


def is_harmless(data: bytes, span: tuple[int, int, str], named: bool) -> bool:
    """Whether the span is no secret by its form; ``named``: or by the name it has, where only a name had announced it."""
    start, end, kind = span
    value = data[start:end]
    if b"EXAMPLE" in value and kind != "private-key":
        return True
    if _FORM.match(value) or _HEXED.match(value) or _is_part_of_token(value):
        return True
    line = data[max(0, start - 80, data.rfind(b"\n", 0, start) + 1) : start]
    if _WRAPPED.search(line) or (line.endswith(b"{") and data[end : end + 2] in (b"}<", b"=}") and len(value) > 24):
        return True
    if re.fullmatch(rb"[0-9A-F]{16}|[0-9A-F]{40}", value) and _KEY_OF_A_PERSON.search(line):
        return True
    if named and ((_ID_CALL.search(line) and _UUID.fullmatch(value) and not _SECRET_NAME.search(line)) or _is_checksum(data, start, end)):
        return True
    name = _NAME.search(line) if named or kind == "aws-secret-access-key" else None
    return name is not None and _OTHER_NAME.search(name[1]) is not None


def _is_checksum(data: bytes, start: int, end: int) -> bool:
    """Forty digits that end a line of a part's name and no more: `  SwiftToken: 9f3c...`; `  ApiToken: ` is a secret's name."""
    if end - start != 40 or data[end : end + 1] not in (b"", b"\n", b"\r") or re.search(rb"[^0-9a-f]", data[start:end]):
        return False
    lead = data[data.rfind(b"\n", 0, start) + 1 : start]
    return _PART.match(lead) is not None and not _SURE_PART.match(lead)


def _is_part_of_token(value: bytes) -> bool:
    """A lone header, or lone claims, of a web token: JSON in base64 whose fields are those of such tokens."""
    if not value.startswith(b"eyJ") or b"." in value:
        return False
    try:
        fields = json.loads(unpacked(value.rstrip(b"=")))
    except ValueError:
        return False
    return isinstance(fields, dict) and 0 < len(fields) and fields.keys() <= _TOKEN_PARTS
