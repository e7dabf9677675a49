"""Made-up secrets in the syntaxes of languages, tools and configuration files, drawn when asked for; and lines of real code that hold none.

``SYNTAXES``: a place for a value, and the maker of the value. ``HUMAN`` values are what a person makes up as a password.
"""

from __future__ import annotations

import base64
import json
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


def base32(count: int) -> Callable[[random.Random], str]:
    return lambda draw: chars(draw, BASE32, count)


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

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
SYNTAXES |= {
    "chain key given to an account": ('acct = w3.eth.account.from_key("0x@@")\n', hexadecimal(64)),
    "chain key given to a wallet": ('const wallet = new ethers.Wallet("0x@@", provider);\n', hexadecimal(64)),
    "chain keys of a network": ('    accounts: ["0x@@"],\n', hexadecimal(64)),
    "chain keys without sign": ("    accounts: ['@@'],\n", hexadecimal(64)),
    "extended private key": ('master = "xprv@@"\n', lambda draw: "9" + chars(draw, BASE58, 106)),
    "oracle address": ("url=jdbc:oracle:thin:app/@@@db.corp.net:1521:shop\n", human),
    "sqlplus": ("sqlplus scott/@@@orcl @load.sql\n", password),
    "net use": ('net use Z: \\\\srv\\share /user:bob "@@"\n', human),
    "cmdkey": ("cmdkey /add:srv /user:bob /pass:@@\n", human),
    "mosquitto": ("mosquitto_pub -h mq -u dev -P @@ -t x -m 1\n", human),
    "lftp": ("lftp -u site,@@ ftp.corp.net\n", human),
    "minio": ("mc alias set prod https://s3.corp.net admin @@\n", human),
    "keychain": ("security unlock-keychain -p @@ build.keychain\n", human),
    "router": ("username admin privilege 15 password 0 @@\n", human),
    "installer": ("rootpw --plaintext @@\n", human),
    "first boot": ("chpasswd:\n  list: |\n    root:@@\n", human),
    "broker": ('client.username_pw_set("dev", "@@")\n', human),
    "board": ('WiFi.begin("office", "@@");\n', human),
    "browser test": ('driver.find_element(By.ID, "password").send_keys("@@")\n', human),
    "web page test": ("fill_in 'Password', with: '@@'\n", human),
    "columns": ("username,password,age\nada,@@,36\n", human),
    "columns with bars": ("| user | password |\n|------|----------|\n| ada | @@ |\n", human),
    "letters that change their case": (
        'password = "@@"\n',
        lambda draw: "".join(draw.choice("aeiou") + draw.choice(UPPER) for _ in range(6)),
    ),
    "one argument": ('jedis.auth("@@");\n', human),
    "new user": ("net user ada @@ /add\n", human),
    "wireless by command": ("nmcli dev wifi connect Office password @@\n", human),
    "wireless profile": ("<keyMaterial>@@</keyMaterial>\n", human),
    "login of a tool": ("wandb login @@\n", hexadecimal(40)),
    "account file": ('{"username":"ada","key":"@@"}\n', hexadecimal(32)),
    "mail relay": ("[smtp.corp.net]:587 bot:@@\n", human),
    "unencoded login": ("ada:{PLAIN}@@:1000:1000\n", human),
    "go address": ('sql.Open("mysql", "web:@@@tcp(db:3306)/shop")\n', human),
    "unquoted web key": ("export const key = { kty: 'OKP', d: '@@' };\n", lambda draw: chars(draw, LETTERS + "-_", 43)),
    "small service": ("WEATHER_KEY=@@\n", hexadecimal(32)),
    "client": ('client = Client("AC0123456789", "@@")\n', hexadecimal(32)),
    "address that is a key": ("https://mainnet.infura.io/v3/@@\n", hexadecimal(32)),
    "id that is a secret": ('auth/approle/login role_id="$ROLE"\nsecret_id="@@"\n', uuid),
    "id that is a secret, in a file": ("vault:\n  app-role:\n    role-id: ${ROLE}\n    secret-id: @@\n", uuid),
    "seed on a command line": ("oathtool --totp -b @@\n", base32(32)),
    "seed in hexadecimal": ("oathtool --totp @@\n", hexadecimal(40)),
    "seed of a call": ("const code = authenticator.generate('@@');\n", base32(32)),
    "seed of an object": ('pyotp.TOTP("@@").now()\nROTP::TOTP.new(x)\n', base32(32)),
    "seed of a second factor": ("mfa_seed: @@\n", base32(32)),
    "seed in its own file": ('@@\n" RATE_LIMIT 3 30\n" WINDOW_SIZE 17\n" TOTP_AUTH\n', base32(26)),
    "secret of a provider": ("provider :facebook, '361397875903489', '@@', scope: 'email'\n", hexadecimal(32)),
    "secret of a sign-in": ('config.omniauth :github, "0a1b2c3d4e", "@@"\n', hexadecimal(40)),
    "secret of a made provider": ('goth.UseProviders(twitter.New("k12y7b", "@@", url))\n', alphanumeric(44)),
    "login element": ("<sonar.login>@@</sonar.login>\n", hexadecimal(40)),
    "token of an analyser": ("scan(@@)\n", lambda draw: "sq" + "u_" + chars(draw, HEX, 40)),
    "joined words": ("    plain_text_passwd: @@\n", lambda draw: f"{'.'.join(draw.sample(WORDS, 3))}{draw.randint(1, 99)}"),
    "key of a login": ('wandb.login(relogin=True, key="@@")\n', hexadecimal(40)),
    "bearer in a URL's escapes": (
        '-H "Authorization: Bearer @@"\n',
        lambda draw: "A" * 21 + "%3D".join(chars(draw, LETTERS, 24) for _ in range(3)),
    ),
    "secret below its name": ("API key:\nABC\n\nAPI secret:\n@@\n", alphanumeric(64)),
    "letters alone": (
        'password = "@@"\n',
        lambda draw: "".join(draw.choice(pair) for pair in ("qx", "ZW", "fj", "KQ", "vg", "HX", "wz", "DF", "bk")),
    ),
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


def packed_bytes(head: bytes, count: int) -> Callable[[random.Random], str]:
    return lambda draw: base64.b64encode(head + draw.randbytes(count)).decode()


def packed_json(**fields: str) -> Callable[[random.Random], str]:
    return lambda draw: base64.urlsafe_b64encode(json.dumps(fields | {"kid": uuid(draw)}).encode()).decode().rstrip("=")


# Drawn by chance, or looking so, and no secrets: what a text holds at @@, and its maker.
HARMLESS: dict[str, tuple[str, Callable[[random.Random], str]]] = {
    "header of a web token": ('token_header = "@@"\n', packed_json(alg="HS256", typ="JWT")),
    "claims of a web token": ('assert decode_token("@@")["sub"] == "1"\n', packed_json(sub="1", name="Ada")),
    "variables of a build": ('env:\n  - secure: "@@"\n', raw(256)),
    "sealed secret": ("  encryptedData:\n    password: @@\n", packed_bytes(b"\x02\x00", 540)),
    "encrypted value": ("db_password: ENC[AES256_GCM,data:@@,iv:x,tag:y,type:str]\n", raw(24)),
    "encrypted value in JSON": ('{"api_token": "ENC[AES256_GCM,data:@@,iv:x,tag:y,type:str]"}\n', raw(24)),
    "encrypted property": ('api.key: "ENC(@@)"\n', raw(32)),
    "encrypted by the configuration server": ("password: '{cipher}@@'\n", hexadecimal(128)),
    "encrypted by a public key": ('{"password": "EJ[1:@@]"}\n', raw(90)),
    "encrypted environment": ('API_SECRET="encrypted:@@"\n', raw(120)),
    "encrypted by a key service": ('encrypted_password = "@@"\n', lambda draw: "AQ" + "ICAH" + chars(draw, LETTERS, 180)),
    "salted": ('SECRET_DATA="@@"\n', lambda draw: "U2FsdGVkX1" + chars(draw, LETTERS, 84)),
    "vault": ("api_token: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  @@\n", lambda draw: draw.randbytes(20).hex().encode().hex()),
    "module": ('const secretModule = "@@";\n', packed_bytes(b"\0asm\1\0\0\0", 90)),
    "picture": ('TOKEN_ICON = "@@"\n', packed_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 90)),
    "photograph": ('auth_image = "@@"\n', packed_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF", 90)),
    "font": ('key_font = "@@"\n', packed_bytes(b"wOF2\0\1\0\0", 90)),
    "archive": ('secret_zip = "@@"\n', packed_bytes(b"PK\3\4\x14\0\0\0\x08\0", 90)),
    "program": ('secret_program = "@@"\n', packed_bytes(b"\x7fELF\2\1\1\0", 90)),
    "cursor": ('"cursor": "@@"\n', alphanumeric(32)),
    "page": ('"nextPageToken": "@@"\n', alphanumeric(44)),
    "nonce": ('nonce = "@@"\n', alphanumeric(32)),
    "challenge": ("code_challenge: @@\n", alphanumeric(43)),
    "credential of a browser": ('"credentialId": "@@"\n', alphanumeric(64)),
    "checksum of a secret": ("  checksum/secret: @@\n", hexadecimal(64)),
    "address": ('const TOKEN = "0x@@";\nWALLET=0x@@\n', hexadecimal(40)),
    "constant of a contract": ("bytes32 constant TOKEN_TYPEHASH = 0x@@;\n", hexadecimal(64)),
    "state": ('account_root = "0x@@"\n', hexadecimal(64)),
    "key of subscriptions": ('applicationServerKey: "B@@"\n', alphanumeric(86)),
    "key to publish": ('Stripe("pk_" + "test_@@")\n'.replace('" + "', ""), alphanumeric(99)),
    "signature": ('signature: "@@"\n', hexadecimal(128)),
    "cache": ("Actions-Cache-Key: linux-npm-@@\n", hexadecimal(64)),
    "vectors": ('vectors = [{"key": "@@", "pt": "@@"}]\n', hexadecimal(32)),
    "fixture": ('const fixture = "@@";\n', raw(60)),
    "id of a service": ('val SERVICE_KEY = UUID.fromString("@@")\n', uuid),
    "id of a property": ('static readonly Guid AUTH_KEY = new Guid("@@");\n', uuid),
    "id in a constant": ('SERVICE_TOKEN_UUID = uuid.UUID("@@")\n', uuid),
    "id of a client's secret": ('vault = "x"\nclient_secret_id = "@@"\n', uuid),
    "checksums of a lock file": ("SPEC CHECKSUMS:\n  SwiftToken: @@\n  PasswordField/Core: @@\n", hexadecimal(40)),
}

NO_SECRETS += (
    'password="|DB_PASS1|"\npassword=@db.password2@\nsecret=%DB_SECRET2%\ntoken: <%token1%>\nclient_secret: "*CLIENT_SECRET_1*"\n',
    'api_key=$$API_KEY2$$\npass: $(PASS2)\npassword: "#{DbPassword2}"\npassword: ~{db.password2}\npassword: ((db_password2))\n',
    "net use Z: \\\\srv\\x /user:%USER% %PASS1%\nsqlplus $U/$P1@orcl\n",
    'print(f"password={password!r}")\nPass `dtype=torch.float32` to avoid it\n',
    'password = "setMaxRowsInTable"\n',
    "class A:\n    pass\n\ndef f():\n    pass\n\nreturn item3\n",
    "Message-ID: <CA+Ab3dEf6h@mail.gmail.com>\n",
    'JWT = Pattern.compile("eyJ[A-Za-z0-9_-]+\\\\.[A-Za-z0-9_-]+\\\\.[A-Za-z0-9_-]+");\n"slack_token": "xox[bp]-[0-9]{12}-[a-zA-Z0-9]{24}"\n',
    '{"password": "Kennwort", "login.password": "Wachtwoord", "pwd": "Adgangskode", "passwd": "zapomniane haslo"}\n',
    '["pass", "##word", "key", "##s"]\n{"password": "@@word", "pass": "word@@"}\n',
    'pyotp.TOTP("JBSWY3DPEHPK3PXP")\nOTP_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"\n',
    "<login>maintainer-of-things</login>\nTokens:\nsomeOtherLine2ThatIsCamelCase\nKeys:\n\nInstallation\n",
    "provider :developer, fields: [:name]\nconfig.omniauth :saml, 'https://idp.corp.net', 'https://idp.corp.net/some/long/path'\n",
    "docker run -u root -p 8080:80 web\nmkdir -p build2 -u\n",
)
