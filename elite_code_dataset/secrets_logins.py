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
    rb"""["' ]*[:=,]?[ \t]*["'`]?(?:(?i:[a-z][\w-]{1,20})[ \t:]+(?:\w{1,20}=)?["']?)?[ \t]*(?P<value>(?:[\w.~+/=:-]|%[0-9A-F]{2}){16,2000})"""
)
_COOKIE = re.compile(rb"[\"' ]*[:=,][ \t]*[\"'`]?(?P<values>[^\r\n\"'`]{8,4000})")
_COOKIE_VALUE = re.compile(rb"(?:^|;)[ \t]*[\w.-]{1,60}=(?P<value>[\w%.~+/:-]{16,3000})")
# Commands that take a password: the opening, the start of a call, then what comes before the value.
_QUOTE = rb"""(?:(["'])(?P<value>[^"'\n]{4,128})["']|(?P<bare>[^\s"'`;|&<>()$]{4,128})(?=[\s"'`;|&<>)]|$))"""
_USERPASS = rb"""(?:["']?[\w.@\\+-]{1,64}:(?P<value>[^\s"'`<>]{4,128})(?=["'\s`]|$))"""
_LINE_END = rb"""[\"']?(?P<value>[^\s\"'`;|<>()$]{4,128})(?=[\"']?[ \t]*(?:\r?\n|$))"""
_FLAG_VALUE = rb"""(?:(["'])(?P<value>[^"'\n]{4,128})["']|(?P<bare>[^\s"'`;|&<>()$/.:=]{6,128})(?=[\s"'`;|&<>)]|$))"""
_ORACLE = rb"""[\"']?(?P<value>[^\s\"'/@`]{1,60}(?:@[^\s\"'/@`]{1,60}(?=@))?)[\"']?@(?=[\w/(.])"""
_TYPED = rb"""ass(?:word|wd)?[^\n]{0,60}?\.(?:send_keys|sendKeys|type|fill)\([ \t]*(?:["'][#.\w\[\]=-]{1,40}["'],[ \t]*)?["'](?P<value>[^"'\n]{4,100})["']"""
_COMMUNITY = rb"""6?[ \t]+[\"']?(?P<value>[^\s\"']{6,60})"""
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
        (b"net use", rb"(?i:net use)\b[^\n]{0,200}?[ \t]\\\\[^\s]+(?:[ \t]+/\S+)*[ \t]+(?!/)" + _QUOTE),
        (b"cmdkey", rb"(?i:cmdkey)[^\n]{0,200}?/pass:" + _QUOTE),
        (b"oracle:thin", rb"oracle:(?:thin|oci8?):[\w.$-]{1,60}/" + _ORACLE),
        *(
            (tool, rb"(?i:" + tool + rb")(?:\.exe)?\b(?:[^\n/]|(?<=\\)\n){0,200}?[\w.$-]{1,60}/" + _ORACLE)
            for tool in (b"sqlplus", b"expdp", b"impdp", b"sqlldr", b"rman target")
        ),
        (b"mc alias", rb"mc alias set[ \t]+\S+[ \t]+\S+[ \t]+\S+[ \t]+" + _QUOTE),
        (b"mc config host", rb"mc config host add[ \t]+\S+[ \t]+\S+[ \t]+\S+[ \t]+" + _QUOTE),
        *(
            (tool, rb"(?:[\w.$-]{1,60}[/\\])?[\w.$-]{1,60}:(?P<value>[^\s:@\"'`]{4,100})@[\w.-]+")
            for tool in (b"secretsdump", b"psexec.py", b"wmiexec", b"smbexec")
        ),
        (b" -u ", rb" -u[ \t=]+[^\s|;&]+[^\n|;&]{0,150}?\s-(?:pw?|P)(?:[ \t]+|=)" + _FLAG_VALUE),
        (b" -u ", rb" -U[ \t=]+[^\s|;&]+[^\n|;&]{0,150}?\s-(?:pw?|P)(?:[ \t]+|=)" + _FLAG_VALUE),
        (
            b"security ",
            rb"security (?:add-(?:generic|internet)-password|unlock-keychain|import|create-keychain|set-key-partition-list)\b[^\n]{0,200}?\s-[wpPk][ \t]+"
            + _QUOTE,
        ),
        (b"signtool", rb"(?i:signtool)\b[^\n]{0,200}?\s/p[ \t]+" + _QUOTE),
        (b"certutil", rb"ertutil\b[^\n]{0,100}?\s-p[ \t]+" + _QUOTE),
        (b"plaintext(", rb"(?i:plaintext)\([ \t]*" + _QUOTE),
        *(
            (tool, rb"ass(?:word|phrase)?[\"'],?[ \t]+with:?[ \t]+[\"'](?P<value>[^\"'\n]{4,100})[\"']")
            for tool in (b"fill in", b"fill_in")
        ),
        (b"input password", rb"(?i:input password)(?:[ \t]{2,}|\t)\S+(?:[ \t]{2,}|\t)" + _LINE_END),
        (b"@tcp(", rb"[\w.-]{1,60}:(?P<value>[^\s\"'`@]{4,100})@tcp\("),
        (b"@unix(", rb"[\w.-]{1,60}:(?P<value>[^\s\"'`@]{4,100})@unix\("),
        (b"authtok", rb"authtok[ \t]*=[ \t]*" + _LINE_END),
        (b"{noop}", rb"\{noop\}(?P<value>[^\s:\"']{4,100})"),
        (b".auth(", rb"\.auth\([ \t]*[\"'](?P<value>[^\"'\s]{4,100})[\"'][ \t]*\)"),
        (b"schtasks", rb"(?i:schtasks)\b[^\n]{0,200}?\s/rp[ \t]+" + _QUOTE),
        (b"net user", rb"(?i:net user)[ \t]+[^\s/]+[ \t]+(?![/*])" + _QUOTE),
        (b"wandb login", rb"wandb login[ \t]+(?:--\w+[ \t]+)*(?P<value>[0-9a-f]{40})"),
        (b"oauth:", rb"oauth:(?P<value>[a-z0-9]{30})(?!\w)"),
        (b"{xor}", rb"\{xor\}(?P<value>[A-Za-z0-9+/=]{8,200})"),
        (b"<keymaterial>", rb"<keyMaterial>(?P<value>[^<\n]{8,64})</"),
        (b"setairportnetwork", rb"setairportnetwork[ \t]+\S+[ \t]+(?:\"[^\"\n]+\"|\S+)[ \t]+" + _QUOTE),
        (b"nmcli", rb"nmcli\b[^\n]{0,160}?(?:[ \t]password|psk)[ \t]+" + _QUOTE),
        (b"<auth-user-pass>", rb"<auth-user-pass>\r?\n\S+\r?\n(?P<value>\S{4,100})"),
        (b'"username"', rb"\"username\"[ \t]*:[ \t]*\"[^\"\n]+\"[ \t]*,\s{0,20}\"key\"[ \t]*:[ \t]*\"(?P<value>[0-9a-f]{32})\""),
        (b"kadmin", rb"kadmin\b[^\n]{0,120}?\s-w[ \t]+" + _QUOTE),
        (b" -auth ", rb"\s-auth[ \t]+" + _USERPASS),
        (b"http -a", rb"https?\b[^\n]{0,60}?\s-a[ \t]+" + _USERPASS),
        (b"lftp", rb"lftp\b[^\n]{0,100}?\s-u[ \t]*[\"']?[\w.@-]{1,60},(?P<value>[^\s\"']{4,100})"),
        (b"rasdial", rb"(?i:rasdial)[ \t]+(?:\"[^\"\n]+\"|\S+)[ \t]+\S+[ \t]+" + _QUOTE),
        (b"connect to", rb"(?i)connect to[ \t]+\w+[ \t]+user[ \t]+\w+[ \t]+using[ \t]+" + _QUOTE),
        (b"vncpasswd", rb"vncpasswd[^\n]{0,40}?<<<[ \t]*" + _QUOTE),
        (b"vncpasswd", rb"echo[ \t]+(?:-n[ \t]+)?" + _QUOTE + rb"[ \t]*\|[^\n]{0,40}vncpasswd"),
        (b"cryptsetup", rb"(?:echo|printf)[ \t]+(?:-n[ \t]+)?" + _QUOTE + rb"[ \t]*\|[^\n]{0,40}cryptsetup"),
        (b"chpasswd:", rb"chpasswd:\s+(?:expire:[^\n]*\s+)?list:[ \t]*\|?\s+(?:-[ \t]+)?[\w.-]+:" + _LINE_END),
        (b"username ", rb"username[ \t]+\S+[ \t]+(?:privilege[ \t]+\d+[ \t]+)?(?:password|secret)[ \t]+(?:\d[ \t]+)?" + _LINE_END),
        (b"isakmp key", rb"isakmp key[ \t]+(?:\d[ \t]+)?(?P<value>\S{4,128})(?=[ \t]+(?:address|hostname))"),
        *((lead, lead + _COMMUNITY) for lead in (b"snmp-server community", b"rocommunity", b"rwcommunity")),
        (b"rootpw", rb"rootpw[ \t]+(?:--plaintext[ \t]+)?" + _LINE_END),
        (b"d-i passwd", rb"d-i[ \t]+passwd/[\w-]*password(?:-again)?[ \t]+password[ \t]+" + _LINE_END),
        (b"insecure-password", rb"insecure-password[ \t]+" + _LINE_END),
        (b"setcookie", rb"setcookie[ \t]+[\"']?(?P<value>[A-Za-z0-9_-]{12,80})"),
        (b"auth ", rb"(?:^|(?<=\n)|(?<=> ))AUTH[ \t]+(?:\w+[ \t]+)?" + _LINE_END),
        (b" on >", rb"user[ \t]+\S+[ \t]+on[ \t]+>(?P<value>\S{4,128})"),
        (b"addauth", rb"addauth[ \t]+digest[ \t]+\S+?:" + _LINE_END),
        (b"neo4j/", rb"[nN]eo4j/(?P<value>[^\s\"'/]{6,100})(?=[\"']?[ \t]*(?:\r?\n|$))"),
        (b"[admins]", rb"\[admins\][ \t]*\r?\n(?:;[^\n]*\n)*[\w.-]+[ \t]*=[ \t]*" + _LINE_END),
        (b"pptpd", rb"[\w.@-]+[ \t]+pptpd[ \t]+\"?(?P<value>[^\s\"]{4,100})\"?[ \t]+[*\d]"),
        (b"l2tpd", rb"[\w.@-]+[ \t]+l2tpd[ \t]+\"?(?P<value>[^\s\"]{4,100})\"?[ \t]+[*\d]"),
        (b"]:587", rb"\]:587[ \t]+[^\s:]+:" + _LINE_END),
        (b"]:465", rb"\]:465[ \t]+[^\s:]+:" + _LINE_END),
        (b"{plain}", rb"\{(?i:PLAIN)\}(?P<value>[^\s:\"']{4,100})"),
        (b"login=", rb"login=[\w.-]{1,40}:(?P<value>[^\s\"'&]{4,100})"),
        (b"send_keys", _TYPED),
        (b"sendkeys", _TYPED),
        (b").type(", _TYPED),
        (b".fill(", _TYPED),
        (b'encoding="base64"', rb"encoding=\"base64\">(?P<value>[A-Za-z0-9+/=]{8,200})</"),
        (b"snyk auth", rb"snyk auth[ \t]+(?P<value>[0-9a-f-]{36})"),
        (b"codecov", rb"codecov[^\n]{0,80}?\s-t[ \t]+[\"']?(?P<value>[0-9a-f-]{36})"),
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
        (b"plain_text_passwd", rb"plain_text_passwd[\"']?[ \t]*:[ \t]*" + _LINE_END),
        (b"machine ", rb"machine[ \t]+\S+\s+login[ \t]+\S+\s+password[ \t]+(?P<value>\S{4,128})"),
    )
)
_COLUMNS = re.compile(rb"""[ \t]*\|?(?:[ \t]*["'`]?[\w -]{1,30}["'`]?[ \t]*[,;|]){0,12}[ \t]*["'`]?[\w ]{0,14}""")
_MORE_COLUMNS = re.compile(rb"""(?:or)?d["'`]?[ \t]*(?:[,;|][ \t\w"'-]{0,30}){0,12}\r?(?:\n|$)(?:[ \t]*\|?[-: \t|]+\|?\r?\n)?""")
_BY_OPENING = {opening: [pattern for other, pattern in _COMMANDS if other == opening] for opening, _ in _COMMANDS}
# Calls that take a user and then a password: `login("app", "...")`, `auth=("app", "...")`. An opening, its spelling, what follows.
_CALLS = {
    b"login": (b"ogin",),
    b"auth": (b"uth",),
    b"cred": (b"redential",),
    b"connect(": (b"onnect",),
    b"connection(": (b"onnection",),
    b"pdo(": (b"PDO",),
    b"mysql": (b"mysqli",),
    b"wifi": (b"WiFi", b"wifi"),
    b"pw": (b"username_pw_set",),
    b"algolia": (b"algoliasearch",),
    b"userinfo": (b"serInfo", b"serinfo"),
    b"sequelize(": (b"equelize",),
    b"superuser(": (b"uperuser",),
    b"create_user(": (b"create_user",),
    b"ftp(": (b"FTP",),
    b"pass": (b"set_password", b"add_password", b"UserPassword", b"userPassword"),
    b"signin(": (b"ignIn",),
    b"sign_in": (b"ign_in",),
}
_ARGUMENTS = re.compile(
    rb"""(?x)[\w.]{0,20} (?:[ \t]*=[ \t]*|[ \t]*:[ \t]*)? [(\[] (?P<list>\s{0,20} (?:[\w.$]{1,60}|[bu]?["'][^"'\n]{0,200}["'])
    (?:[ \t]*,\s{0,20} (?:[\w.$]{1,60}|(?:Some\()?[bu]?["'][^"'\n]{0,200}["'])){1,4})"""
)
_ARGUMENT = re.compile(rb""",\s{0,20}(?:Some\()?[bu]?(?P<q>["'])(?P<value>[^"'\s]{4,128})(?P=q)""")
# Calls that make a client of a service: an id and a secret, or a secret alone.
_ID_AND_SECRET = rb"""[:"']?[\w-]{2,40}["']?[ \t]*,\s{0,20}["'][^"'\n]{4,200}["'][ \t]*,\s{0,20}["'](?P<value>[\w+/=.~-]{16,100})["']"""
_CLIENTS = {
    b"client(": (b"lient", re.compile(rb"""\([ \t]*["'][^"'\n]{0,100}["'][ \t]*,\s{0,20}["'](?P<value>[\w+/=-]{24,100})["']""")),
    b".init(": (b".init", re.compile(rb"""\([ \t]*["'](?P<value>[0-9a-f]{32}|[A-Za-z0-9]{32,64})["']""")),
    b".connect(": (b".connect", re.compile(rb"""\([ \t]*["'][^"'\n]{0,100}["'][ \t]*,\s{0,20}["'](?P<value>[\w+/=-]{24,100})["']""")),
    b"login": (
        b"ogin",
        re.compile(rb"""\((?:[^()"'\n]{0,100}[\s,])?(?:\w{0,12}key[ \t]*[=:][ \t]*)?["'](?P<value>[\w+/=-]{32,100})["']"""),
    ),
    b"provider": (b"rovider", re.compile(rb"""[ \t(]+""" + _ID_AND_SECRET)),
    b"omniauth": (b"omniauth", re.compile(rb"""[ \t(]+""" + _ID_AND_SECRET)),
    b"useproviders": (b".New", re.compile(rb"""\([ \t]*["'][^"'\n]{4,200}["'][ \t]*,\s{0,20}["'](?P<value>[\w+/=.~-]{16,100})["']""")),
    b"setkey(": (b"etKey", re.compile(rb"""\([ \t]*["'](?P<value>[\w+/=-]{32,400})["']""")),
}
_SIGNED_IN = frozenset((b"provider", b"omniauth", b"useproviders"))  # what follows is an id and a secret
_HOST = re.compile(rb"(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?$")


def logins(data: bytes, openings: frozenset[bytes]) -> Iterator[tuple[int, int, str]]:
    """Passwords in URLs, packed logins, authorization headers and cookies, and arguments of commands and calls that log in."""
    yield from _in_urls(data)
    yield from _in_headers(data, openings)
    yield from _in_clients(data, openings)
    if b"pass" in openings:
        yield from _in_columns(data)
    for opening in sorted(openings & _BY_OPENING.keys()):
        for pattern in _BY_OPENING[opening]:
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


def _in_clients(data: bytes, openings: frozenset[bytes]) -> Iterator[tuple[int, int, str]]:
    for opening, (spelling, pattern) in _CLIENTS.items():
        for match in _after(data, spelling, pattern) if opening in openings else ():
            if is_strong(match["value"]) or (opening in _SIGNED_IN and is_random(match["value"])) or is_hexadecimal(match["value"]):
                yield match.start("value"), match.end("value"), "api-key"


def _in_columns(data: bytes) -> Iterator[tuple[int, int, str]]:
    """Columns of a table, with commas or bars, under a head that says password."""
    for rest in _after(data, b"assw", _MORE_COLUMNS):
        line = data.rfind(b"\n", 0, rest.start()) + 1
        if rest.start() - line > 400 or not _COLUMNS.fullmatch(data, line, rest.start()):
            continue
        head = data[line : rest.end()].split(b"\n")[0]
        joint = next((sign for sign in (b"|", b",", b";") if sign in head), b"")
        if not joint:
            continue
        names = [name.strip(b" \t\"'`").lower() for name in head.rstrip().split(joint)]
        columns = [k for k, name in enumerate(names) if re.fullmatch(rb"(?:\w{1,12}[_ ])?(?:pass|password|passwd|pwd)", name)]
        at = rest.end()
        for _ in range(200):
            end = data.find(b"\n", at)
            end = end if end >= 0 else len(data)
            cells = data[at:end].split(joint)
            if not columns or len(cells) != len(names):
                break
            for column in columns:
                cell, start = cells[column], at + sum(map(len, cells[:column])) + column
                value = cell.strip(b" \t\r\"'`")
                if value and is_password(value, bare=False):
                    first = start + cell.find(value)
                    yield first, first + len(value), "password"
            at = end + 1


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
