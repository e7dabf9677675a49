"""Made-up secrets in the syntaxes of languages, tools and configuration files, drawn when asked for; and lines of real code that hold none.

``SYNTAXES``: a place for a value, and the maker of the value. ``HUMAN`` values are what a person makes up as a password.
"""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Callable

from tests.secret_samples import HEX, LETTERS, UPPER, alphanumeric, chars, hexadecimal, password, uuid

WORDS = (
    "tiger coffee purple dragon rocket maple silver thunder banana orchid falcon pepper marble velvet canyon lobster walnut saddle".split()
)
BASE32 = UPPER + "234567"


def human(draw: random.Random) -> str:
    first, second = draw.sample(WORDS, 2)
    return draw.choice(
        [
            f"{first}{draw.randint(10, 99)}",
            f"{first.title()}{draw.randint(1950, 2024)}",
            f"{first}{second}{draw.randint(10, 99)}",
            f"{first.title()}#{draw.randint(10, 999)}{second}",
            f"{first.replace('a', '4').replace('e', '3').replace('o', '0')}{second.title()}77",
            f"{first}-{second}-{draw.randint(10, 99)}",
        ]
    )


def phrase(draw: random.Random) -> str:
    return " ".join(draw.sample(WORDS, 4))


def packed(make: Callable[[random.Random], str]) -> Callable[[random.Random], str]:
    return lambda draw: base64.b64encode(make(draw).encode()).decode()


def raw(count: int) -> Callable[[random.Random], str]:
    return lambda draw: base64.b64encode(draw.randbytes(count)).decode()


def seed(count: int) -> Callable[[random.Random], str]:
    return lambda draw: " ".join(draw.choice(WORDS) for _ in range(count - 9)) + " " + " ".join(draw.sample(WORDS, 9))


SYNTAXES: dict[str, tuple[str, Callable[[random.Random], str]]] = {
    "yaml": ("database:\n  user: app\n  password: @@\n", human),
    "environment file": ("DB_USER=app\nDB_PASSWORD=@@\n", human),
    "ini": ("[client]\nuser=root\npassword=@@\n", human),
    "toml": ('[db]\npassword = "@@"\n', human),
    "json": ('{\n  "username": "ada",\n  "password": "@@"\n}\n', human),
    "phrase": ('unlock(passphrase="@@")\n', phrase),
    "lone word": ('{"user": "bob", "password": "@@"}\n', lambda draw: draw.choice([word for word in WORDS if len(word) > 5])),
    "comment": ("# the admin password is @@\n", human),
    "flag": ("mytool --host db --password @@ sync\n", human),
    "curl": ("curl -s -u ada:@@ https://x.corp.net/api\n", human),
    "mysql": ("mysql -h db -u root -p@@ shop\n", human),
    "continued command": ("az login --service-principal -u app \\\n  -p @@ --tenant x\n", password),
    "redis": ("redis-cli -h cache -a @@ ping\n", password),
    "piped": ("echo @@ | docker login -u ci --password-stdin\n", human),
    "url": ("postgres://app:@@@db.corp.net/shop\n", human),
    "netrc": ("machine ftp.corp.net login bob password @@\n", human),
    "pgpass": ("db.corp.net:5432:shop:app:@@\n", human),
    "sql": ("CREATE USER 'app'@'%' IDENTIFIED BY '@@';\n", human),
    "xml": ("<user>bob</user>\n<password>@@</password>\n", human),
    "jdbc": ("jdbc:mysql://db/app?user=app&password=@@\n", human),
    "ado": ("Server=db;Database=x;Uid=sa;Pwd=@@;\n", human),
    "rust option": ('let password = Some("@@".to_string());\n', human),
    "setter": ('ds.setPassword("@@");\n', human),
    "secret string": ('api_key: SecretStr = SecretStr("@@")\n', alphanumeric(32)),
    "default": ('password = os.getenv("DB_PASSWORD", "@@")\n', password),
    "alternative": ('const token = process.env.API_TOKEN || "@@";\n', alphanumeric(36)),
    "shell default": ('PASS="${DB_PASS:-@@}"\n', alphanumeric(16)),
    "login call": ('session.login("deploy", "@@")\n', password),
    "three arguments": ('DriverManager.getConnection(url, "sa", "@@");\n', password),
    "terraform variable": ('variable "db_password" {\n  type    = string\n  default = "@@"\n}\n', password),
    "property list": ("<key>APIKey</key>\n<string>@@</string>\n", alphanumeric(32)),
    "list": ('API_TOKENS = ["@@", "x"]\n', alphanumeric(32)),
    "folded yaml": ("api_token: >-\n  @@\n", alphanumeric(40)),
    "escaped bytes": ('AES_KEY = b"@@"\n', lambda draw: "".join(f"\\x{byte:02x}" for byte in draw.randbytes(16))),
    "kubernetes": ("kind: Secret\ndata:\n  db-password: @@\n", packed(password)),
    "kubernetes, made up": ("kind: Secret\ndata:\n  db-password: @@\n", packed(human)),
    "npm login": ("//npm.corp.net/:_auth=@@\n", packed(lambda draw: "bot:" + password(draw))),
    "header": ("X-Auth-Token: @@\n", hexadecimal(32)),
    "authorization": ('curl -H "Authorization: Token @@" https://x.corp.net\n', hexadecimal(40)),
    "cookie": ("Cookie: lang=de; sessionid=@@; theme=dark\n", lambda draw: chars(draw, string.ascii_lowercase + string.digits, 32)),
    "signed address": ("https://b.s3.amazonaws.com/k?X-Amz-Expires=300&X-Amz-Signature=@@\n", hexadecimal(64)),
    "one-time password": ("otpauth://totp/ACME:bob?secret=@@&issuer=ACME\n", lambda draw: chars(draw, BASE32, 32)),
    "seed phrase": ('mnemonic = "@@"\n', seed(12)),
    "error reports": ('init("https://@@@o123456.ingest.sentry.io/98765")\n', hexadecimal(32)),
    "chat webhook": ('url = "https://chat.corp.net/hooks/@@"\n', lambda draw: chars(draw, string.ascii_lowercase + string.digits, 26)),
    "teams webhook": (
        "https://corp.webhook.office.com/webhookb2/@@\n",
        lambda draw: f"{uuid(draw)}@{uuid(draw)}/IncomingWebhook/{chars(draw, HEX, 32)}/{uuid(draw)}",
    ),
    "web key": ('{"kty":"EC","crv":"P-256","x":"abc","d":"@@"}\n', lambda draw: chars(draw, LETTERS + "-_", 43)),
    "putty key": ("PuTTY-User-Key-File-2: ssh-rsa\nPrivate-Lines: 2\n@@\nPrivate-MAC: 00\n", lambda d: raw(48)(d) + "\n" + raw(48)(d)),
    "tunnel key": (
        "-----BEGIN OpenVPN Static key V1-----\n@@\n-----END OpenVPN Static key V1-----\n",
        lambda d: "\n".join(chars(d, HEX, 32) for _ in range(8)),
    ),
    "hash of a password": ("ada:@@\n", lambda d: "$apr1$" + chars(d, LETTERS, 8) + "$" + chars(d, LETTERS + "./", 22)),
    "slow hash": ('("bob", "@@"),\n', lambda d: "$2b$12$" + chars(d, LETTERS + "./", 53)),
    "lone token": ('x = "@@"\n', lambda d: "acme" + "_" + chars(d, LETTERS, 36)),
    "lone token of three parts": ('x = "@@"\n', lambda d: ".".join(chars(d, LETTERS, n) for n in (24, 6, 38))),
}

SPLIT: dict[str, tuple[str, Callable[[random.Random], str]]] = {  # the value stands in two pieces, @1 and @2
    "python, joined by nothing": ('API_TOKEN = (\n    "@1"\n    "@2"\n)\n', alphanumeric(48)),
    "c, joined by nothing": ('static const char *token = "@1" "@2";\n', hexadecimal(48)),
    "javascript": ('const apiSecret =\n  "@1" +\n  "@2";\n', alphanumeric(44)),
    "php": ("$api_key = '@1' . '@2';\n", alphanumeric(40)),
    "shell": ("export ACCESS_TOKEN=@1\\\n@2\n", alphanumeric(48)),
}

NO_SECRETS = (
    'password = get_password("render_parser")\n',
    "connect(user=user1, password=password2, token=token)\n",
    "passwd = widget2\npwd=layout.pwd\n",
    'password = password.encode("latin1")\n',
    "'password' => 'required|min:8',\n",
    "'password' => 'confirmed',\n",
    '"password": "Enter your password",\n"password": "Mot de passe",\n',
    'names = ["password", "encodeqp", "hostport"]\n',
    'pass = "shadow";\ncompass = "stream42"\nbypass="parser1"\n',
    'password: str\npassword: bytes32\nseed = 12345678\nsalt = b"stream"\n',
    'cache_key = "a:b:v2"\nforeign_key: "stream_id"\nkey="render_parser_widget"\n',
    'token: "render_parser"\nToken.String: "#ansiyellow",\n',
    "password: vault:secret/data/x#password\npassword: !vault stream\npassword: {{ vault_stream }}\n",
    'password = "@@DB_PASSWORD@@"\npassword: __PASSWORD__\n',
    "http://user:pass@host.local http://username:password@host.local\n",
    'ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"\n',
    '"AuthenticationTokenProviderFactory2Impl"\nmodel="HuggingFaceH4/zephyr-orpo-141b-A35b-v0.1"\n',
    "_ZN4core3fmt9Formatter26debug_struct_field1_finish17h0123456789abcdefE\n",
    'dominoToken: "0x028a5874ccbac3e67c28aabbf258c4a156a6ce9b"\n"AWS::IAM::AccessKey": "62d91b17309e76c8"\n',
    "Authorization: Bearer <token>\nAuthorization: Basic ${AUTH}\nauthor = 'ada'\n",
    "The password must contain a digit. Pass the token to render. password: the password of the user\n",
    'signature = "(II)V"\nsignature: "fn f(x: i32) -> u32"\n',
    'wav = ("test-8000Hz-le-3ch-5S-24bit-rf64.wav")\n',
)
