"""Logins: passwords in the syntax that logs in with them - URLs, headers, cookies, commands and calls - whatever the name in front.

In: bytes, and the openings that the scanner saw in them (``secrets_formats``). Out: spans with a kind. Cost: 1 ms a megabyte where nothing opens a rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from elite_code_dataset.secrets_values import is_hexadecimal, is_password, is_random, is_strong, unpacked

_LOGIN_IN_URL = re.compile(
    rb"""://(?:[^\s:/@'"`<>]{0,64}:(?P<value>[^\s/'"`<>]{4,128})|(?P<lone>[\w.~%-]{20,128})(?::x-oauth-basic)?)@(?=[\w.\[{$])"""
)
_PACKED = re.compile(rb"""[ \t]*(?:[:=,][ \t]*)?["']?[ \t]*(?P<value>[A-Za-z0-9+/]{12,400}={0,2})(?![A-Za-z0-9+/=])""")
_HEADER = re.compile(
    rb"""["' ]*[:=,]?[ \t]*["'`]?(?:(?i:[a-z][\w-]{1,20})[ \t:]+(?:\w{1,20}=)?["']?)?[ \t]*(?P<value>[\w.~+/=:-]{16,2000})"""
)
_COOKIE = re.compile(rb"[\"' ]*[:=,][ \t]*[\"'`]?(?P<values>[^\r\n\"'`]{8,4000})")
_COOKIE_VALUE = re.compile(rb"(?:^|;)[ \t]*[\w.-]{1,60}=(?P<value>[\w%.~+/:-]{16,3000})")
# Commands that take a password: the opening, the start of a call, then what comes before the value.
_QUOTE = rb"""(?:(["'])(?P<value>[^"'\n]{4,128})["']|(?P<bare>[^\s"'`;|&<>()$]{4,128})(?=[\s"'`;|&<>)]|$))"""
_USERPASS = rb"""(?:["']?[\w.@\\+-]{1,64}:(?P<value>[^\s"'`<>]{4,128})(?=["'\s`]|$))"""
_COMMANDS: tuple[tuple[bytes, re.Pattern[bytes]], ...] = tuple(
    (opening, re.compile(pattern))
    for opening, pattern in (
        (b"curl", rb"curl\b(?:[^\n]|(?<=\\)\n){0,300}?(?:\s-u[ \t]*|\s--(?:proxy-)?user[ =]|\s-U[ \t]*)" + _USERPASS),
        (b"mysql", rb"mysql(?:dump|admin|import|sh)?\b(?:[^\n|]|(?<=\\)\n){0,200}?\s-p" + _QUOTE),
        (b"mariadb", rb"mariadb(?:-dump)?\b(?:[^\n|]|(?<=\\)\n){0,200}?\s-p" + _QUOTE),
        (b"sshpass", rb"sshpass[ \t]+-p[ \t]*" + _QUOTE),
        (b"login", rb"docker login\b(?:[^\n]|(?<=\\)\n){0,200}?\s-p[ \t]*" + _QUOTE),
        (b"redis-cli", rb"redis-cli\b(?:[^\n]|(?<=\\)\n){0,200}?\s-a[ \t]*" + _QUOTE),
        (b"ldap", rb"ldap(?:search|add|modify|whoami|delete|passwd)\b(?:[^\n]|(?<=\\)\n){0,300}?\s-w[ \t]*" + _QUOTE),
        (b"sqlcmd", rb"sqlcmd\b(?:[^\n]|(?<=\\)\n){0,200}?\s-P[ \t]*" + _QUOTE),
        (b"mongo", rb"mongo(?:sh|dump|restore|export|import)?\b(?:[^\n]|(?<=\\)\n){0,200}?\s-p[ \t]+" + _QUOTE),
        (b"7z ", rb"7z[az]?\b(?:[^\n]|(?<=\\)\n){0,200}?\s-p" + _QUOTE),
        (b"zip -", rb"zip\b(?:[^\n]|(?<=\\)\n){0,100}?\s-P[ \t]*" + _QUOTE),
        (b"smbclient", rb"smbclient\b(?:[^\n]|(?<=\\)\n){0,200}?\s-U[ \t]*[\"']?[\w.\\/]{1,40}%(?P<value>[^\s\"']{4,100})"),
        (b"freerdp", rb"freerdp3?\b(?:[^\n]|(?<=\\)\n){0,200}?\s/p:" + _QUOTE),
        (b"chpasswd", rb"echo[ \t]+" + _USERPASS + rb"[\"']?[ \t]*\|[ \t]*(?:sudo[ \t]+)?chpasswd"),
        (b"htpasswd", rb"htpasswd[ \t]+-\w*b\w*[ \t]+(?:\S+[ \t]+){1,2}" + _QUOTE),
        (b"net use", rb"net use\b(?:[^\n]|(?<=\\)\n){0,200}?[ \t]\\\\[^\s]+[ \t]+" + _QUOTE),
        (b"rabbitmqctl", rb"rabbitmqctl\b(?:[^\n]|(?<=\\)\n){0,100}?(?:add_user|change_password)[ \t]+\S+[ \t]+" + _QUOTE),
        (
            b"openssl",
            rb"openssl\b(?:[^\n]|(?<=\\)\n){0,300}?\s(?:-pass(?:in|out)?[ \t]+[\"']?pass:|-k[ \t]+)[\"']?(?P<value>[^\s\"']{4,128})",
        ),
        (b"keytool", rb"keytool\b(?:[^\n]|(?<=\\)\n){0,300}?\s-(?:store|key)pass[ \t]+" + _QUOTE),
        (b"plaintext", rb"(?i)\bConvertTo-SecureString[ \t]+(?:-String[ \t]+)?" + _QUOTE),
        (b'send "', rb"send[ \t]+(?:--[ \t]+)?\"(?P<value>[^\"\\\s]{6,64})\\[rn]\""),
        (b":*:", rb"(?m)^[\w.*-]{1,100}:(?:\d{2,5}|\*):[\w*-]{1,60}:[\w*.-]{1,60}:(?P<value>[^\s:]{4,128})[ \t]*$"),
        (b":5432:", rb"(?m)^[\w.*-]{1,100}:5432:[\w*-]{1,60}:[\w*.-]{1,60}:(?P<value>[^\s:]{4,128})[ \t]*$"),
        (b"az login", rb"az login\b(?:[^\n]|(?<=\\)\n){0,300}?\s-p[ \t]*" + _QUOTE),
        (b"ssh-keygen", rb"ssh-keygen\b(?:[^\n]|(?<=\\)\n){0,200}?\s-[NP][ \t]*" + _QUOTE),
        (b"--auth", rb"--auth[ =]" + _USERPASS),
        (b"password-stdin", rb"echo[ \t]+(?:-n[ \t]+)?" + _QUOTE + rb"[ \t]*\|[^\n]{0,120}--password-stdin"),
        (b"sudo -s", rb"echo[ \t]+(?:-n[ \t]+)?" + _QUOTE + rb"[ \t]*\|[ \t]*sudo[ \t]+-S"),
        (b"machine ", rb"machine[ \t]+\S+\s+login[ \t]+\S+\s+password[ \t]+(?P<value>\S{4,128})"),
    )
)
# Calls that take a user and then a password: `login("app", "...")`, `auth=("app", "...")`. An opening, its spelling, what follows.
_CALLS = {
    b"login": (b"ogin",),
    b"auth": (b"uth",),
    b"cred": (b"redential",),
    b"connect(": (b"onnect",),
    b"connection(": (b"onnection",),
    b"pdo(": (b"PDO",),
    b"mysql": (b"mysqli",),
    b"userinfo": (b"serInfo", b"serinfo"),
    b"pass": (b"UserPassword", b"userPassword"),
    b"signin(": (b"ignIn",),
    b"sign_in": (b"ign_in",),
}
_ARGUMENTS = re.compile(
    rb"""(?x)[\w.]{0,20} (?:[ \t]*=[ \t]*|[ \t]*:[ \t]*)? [(\[] (?P<list>\s{0,20} (?:[\w.$]{1,60}|[bu]?["'][^"'\n]{0,200}["'])
    (?:[ \t]*,\s{0,20} (?:[\w.$]{1,60}|(?:Some\()?[bu]?["'][^"'\n]{0,200}["'])){1,4})"""
)
_ARGUMENT = re.compile(rb""",\s{0,20}(?:Some\()?[bu]?(?P<q>["'])(?P<value>[^"'\s]{4,128})(?P=q)""")
_HOST = re.compile(rb"(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?$")


def logins(data: bytes, openings: frozenset[bytes]) -> Iterator[tuple[int, int, str]]:
    """Passwords in URLs, packed logins, authorization headers and cookies, and arguments of commands and calls that log in."""
    yield from _in_urls(data)
    yield from _in_headers(data, openings)
    for opening, pattern in _COMMANDS:
        if opening in openings:
            for match in pattern.finditer(data):
                group = "value" if match["value"] else "bare"
                if is_password(match[group], bare=False):
                    yield match.start(group), match.end(group), "password"
    for opening, spellings in _CALLS.items():
        for spelling in spellings if opening in openings else ():
            for match in _after(data, spelling, _ARGUMENTS):
                for argument in _ARGUMENT.finditer(data, match.start("list"), match.end("list")):
                    if is_password(argument["value"], bare=False) and not _HOST.match(argument["value"]):
                        yield argument.start("value"), argument.end("value"), "password"


def _after(data: bytes, spelling: bytes, pattern: re.Pattern[bytes]) -> Iterator[re.Match[bytes]]:
    """Where the pattern matches right behind a fixed string; far quicker than a pattern that begins with alternatives."""
    at = data.find(spelling)
    while at >= 0:
        match = pattern.match(data, at + len(spelling))
        if match:
            yield match
        at = data.find(spelling, match.end() if match else at + len(spelling))


def _in_urls(data: bytes) -> Iterator[tuple[int, int, str]]:
    for match in _LOGIN_IN_URL.finditer(data) if b"://" in data else ():
        group = "value" if match["value"] else "lone"
        text = match[group]
        if (group == "value" and is_password(text, bare=False)) or (group == "lone" and (is_strong(text, 20) or is_hexadecimal(text))):
            yield match.start(group), match.end(group), "password"


def _in_headers(data: bytes, openings: frozenset[bytes]) -> Iterator[tuple[int, int, str]]:
    for opening, spelling in ((b"basic ", b"asic"), (b"auth", b'"auth"')):
        for match in _after(data, spelling, _PACKED) if opening in openings else ():
            if re.fullmatch(rb"[\x21-\x39\x3b-\x7e]{1,128}:[\x20-\x7e]{4,}", unpacked(match["value"])):
                yield match.start("value"), match.end("value"), "basic-login"
    for opening, spelling in ((b"bearer", b"earer"), (b"bearer", b"EARER"), (b"auth", b"uthorization")):
        for match in _after(data, spelling, _HEADER) if opening in openings else ():
            if is_random(match["value"]):
                yield match.start("value"), match.end("value"), "bearer-token"
    if b"cookie" in openings:
        for match in _after(data, b"ookie", _COOKIE):
            for part in _COOKIE_VALUE.finditer(match["values"]):
                if is_random(part["value"], 20):
                    yield match.start("values") + part.start("value"), match.start("values") + part.end("value"), "cookie"
