"""Made-up secrets and look-alikes, drawn when asked for, so that no file here holds one.

``KNOWN`` kinds were looked at while the rules of ``secrets.py`` were written. ``HELD_OUT`` kinds were not: they measure. If a held-out kind is ever
used to mend a rule, move it to the known ones and write a new one.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable

LETTERS = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
Made = tuple[str, str]  # text, the secret in it


def chars(draw: random.Random, alphabet: str, count: int) -> str:
    return "".join(draw.choice(alphabet) for _ in range(count))


def password(draw: random.Random) -> str:
    return chars(draw, LETTERS, 9) + draw.choice("!#%*-_+") + chars(draw, string.digits, 2) + chars(draw, LETTERS, 3)


def block(draw: random.Random, kind: str, lines: int = 12) -> str:
    body = base64.b64encode(draw.randbytes(48 * lines)).decode()
    return "\n".join([f"-----BEGIN {kind}-----", *(body[k : k + 64] for k in range(0, len(body), 64)), f"-----END {kind}-----"])


def token(prefix: str, alphabet: str, count: int, where: str) -> Callable[[random.Random], Made]:
    def made(draw: random.Random) -> Made:
        secret = prefix + chars(draw, alphabet, count)
        return where.replace("@", secret), secret

    return made


def secret_in(where: str, make: Callable[[random.Random], str] = password) -> Callable[[random.Random], Made]:
    def made(draw: random.Random) -> Made:
        secret = make(draw)
        return where.replace("@@", secret), secret

    return made


def service_account(draw: random.Random) -> Made:
    key = block(draw, "PRIVATE " + "KEY", 20) + "\n"
    text = json.dumps(
        {"type": "service_account", "project_id": "demo", "private_key": key, "client_email": "robot@demo.iam.gserviceaccount.com"}
    )
    return text, key.split("\n")[3]


def kubernetes(draw: random.Random) -> Made:
    secret = base64.b64encode(password(draw).encode()).decode()
    return f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ntype: Opaque\ndata:\n  password: {secret}\n", secret


def pem(kind: str) -> Callable[[random.Random], Made]:
    def made(draw: random.Random) -> Made:
        text = block(draw, kind)
        return f"KEY = '''{text}'''\n", text.split("\n")[3]

    return made


def drawn(kinds: dict[str, Callable], count: int) -> list[tuple]:
    """(kind, sample), ``count`` of each, the same in every run."""
    return [(kind, make(random.Random(f"{kind} {k}"))) for kind, make in kinds.items() for k in range(count)]


def uuid(draw: random.Random) -> str:
    return "-".join(chars(draw, HEX, n) for n in (8, 4, 4, 4, 12))


KNOWN: dict[str, Callable[[random.Random], Made]] = {
    "gitlab pat": token("glpat" + "-", LETTERS, 20, 'token = "@"\n'),
    "sendgrid": lambda draw: (lambda s: (f"SENDGRID_API_KEY={s}\n", s))(
        "SG" + "." + chars(draw, LETTERS, 22) + "." + chars(draw, LETTERS, 43)
    ),
    "pypi": token("pypi-" + "AgEIcHlwaS5vcmc", LETTERS + "-_", 120, "[pypi]\nusername = __token__\npassword = @\n"),
    "digitalocean": token("dop_" + "v1_", HEX, 64, "export DO_TOKEN=@\n"),
    "shopify": token("shp" + "at_", HEX, 32, "const shop = new Shop('@');\n"),
    "databricks": token("da" + "pi", HEX, 32, 'host: x\ntoken: "@"\n'),
    "hugging face": token("h" + "f_", string.ascii_letters, 34, 'login(token="@")\n'),
    "telegram": lambda draw: (lambda s: (f'TELEGRAM_BOT_TOKEN = "{s}"\n', s))(
        chars(draw, "123456789", 10) + ":AA" + chars(draw, LETTERS, 33)
    ),
    "openssh key": pem("OPENSSH PRIVATE " + "KEY"),
    "ec key": pem("EC PRIVATE " + "KEY"),
    "encrypted key": pem("ENCRYPTED PRIVATE " + "KEY"),
    "pgp key": pem("PGP PRIVATE " + "KEY BLOCK"),
    "service account": service_account,
    "mongodb uri": secret_in(
        "client = MongoClient('mongodb+srv://app:@@@cluster0.ab1cd.mongodb.net/prod')\n", lambda d: chars(d, LETTERS, 18)
    ),
    "redis uri": secret_in("REDIS_URL=redis://:@@@cache.internal.corp:6379/0\n", lambda d: chars(d, LETTERS, 24)),
    "url with login": secret_in("git clone https://deploy:@@@git.corp.net/team/app.git\n", lambda d: chars(d, LETTERS, 20)),
    "kubernetes": kubernetes,
    "wp-config": secret_in("define('DB_PASSWORD', '@@');\n"),
    "terraform": secret_in('resource "db" "main" {\n  username = "admin"\n  password = "@@"\n}\n'),
    "connection string": secret_in(
        '"Default": "Server=db1;Database=app;User Id=sa;Password=@@;Encrypt=true"\n', lambda d: chars(d, LETTERS, 16)
    ),
    "java properties": secret_in("spring.datasource.username=app\nspring.datasource.password=@@\n", lambda d: chars(d, LETTERS, 16)),
    "go constant": secret_in('const dbPassword = "@@"\n'),
    "rust constant": secret_in('const API_SECRET: &str = "@@";\n', lambda d: chars(d, LETTERS, 40)),
    "django": secret_in("SECRET_KEY = '@@'\n", lambda d: chars(d, string.ascii_lowercase + string.digits + "!@#$%^&*(-_=+)", 50)),
    "rails": secret_in("production:\n  secret_key_base: @@\n", lambda d: chars(d, HEX, 128)),
    "mailgun": token("ke" + "y-", HEX, 32, 'mailgun_api_key = "@"\n'),
    "linear": token("lin_" + "api_", LETTERS, 40, 'const linear = new LinearClient({ apiKey: "@" })\n'),
    "grafana": lambda draw: (lambda s: (f"grafana_token: {s}\n", s))("gl" + "sa_" + chars(draw, LETTERS, 32) + "_" + chars(draw, HEX, 8)),
    "doppler": token("dp." + "pt.", LETTERS, 43, "DOPPLER_TOKEN=@\n"),
    "vault": token("hv" + "s.", LETTERS, 95, 'vault login "@"\n'),
    "age": token("AGE-SECRET-" + "KEY-1", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58, "# key\n@\n"),
    "heroku": secret_in("HEROKU_API_KEY=@@\n", uuid),
    "new relic": token("NR" + "AK-", string.ascii_uppercase + string.digits, 27, 'newrelic_key = "@"\n'),
    "planetscale": token("pscale_" + "pw_", LETTERS, 43, "DB_PASS=@\n"),
    "postman": lambda draw: (lambda s: (f'"x-api-key": "{s}"\n', s))("PM" + "AK-" + chars(draw, HEX, 24) + "-" + chars(draw, HEX, 34)),
    "python argument": secret_in("conn = connect(user='svc', password='@@', host='db')\n"),
    "json client secret": secret_in('{"client_id": "web", "client_secret": "@@"}\n', lambda d: chars(d, LETTERS, 32)),
    "shell flag": secret_in("export MYSQL_PASSWORD='@@'\n"),
    "github actions": secret_in("env:\n  ENCRYPTION_KEY: '@@'\n", lambda d: chars(d, HEX, 64)),
    "camel case": secret_in("signingKey: '@@',\n", lambda d: base64.b64encode(d.randbytes(32)).decode()),
}

WORDS = "render parser widget stream cursor handler buffer config matrix vector update search filter layout".split()


def name(draw: random.Random, count: int, joint: str = "_") -> str:
    return joint.join(draw.choice(WORDS) for _ in range(count))


KNOWN_LOOKALIKES: dict[str, Callable[[random.Random], str]] = {
    "commit id": lambda d: f'{{"rev": "{chars(d, HEX, 40)}", "key": "{chars(d, HEX, 40)}"}}\n',
    "lock file": lambda d: f'name = "serde"\nchecksum = "{chars(d, HEX, 64)}"\n',
    "integrity": lambda d: f'"integrity": "sha512-{base64.b64encode(d.randbytes(64)).decode()}"\n',
    "uuid": lambda d: f'<Component Id="{uuid(d)}" Guid="{uuid(d)}"/>\n',
    "documented aws id": lambda d: f'aws_access_key_id = "AKIA{chars(d, string.ascii_uppercase, 9)}EXAMPLE"\n',
    "environment": lambda d: f'password = os.environ["{name(d, 2).upper()}_PASSWORD"]\napiKey: process.env.{name(d, 2).upper()}_KEY\n',
    "template": lambda d: f"password: ${{{{ secrets.{name(d, 2).upper()} }}}}\ntoken: ${{{name(d, 2).upper()}_TOKEN}}\n",
    "placeholder": lambda d: f'api_key = "YOUR_{name(d, 2).upper()}_API_KEY"\nsecret = "<insert-{name(d, 2, "-")}-here>"\n',
    "typed field": lambda d: f"password: str = Field(min_length={d.randint(6, 20)})\naccessToken: string | undefined;\n",
    "public key": lambda d: f"ssh-rsa {base64.b64encode(bytes([0, 0, 0, 7]) + d.randbytes(260)).decode()} build\n",
    "certificate": lambda d: block(d, "CERTIFICATE") + "\n",
    "public pgp": lambda d: block(d, "PGP PUBLIC KEY BLOCK") + "\n",
    "inline image": lambda d: f'<img src="data:image/png;base64,{base64.b64encode(d.randbytes(200)).decode()}"/>\n',
    "parser tokens": lambda d: f'let token = "{name(d, 3)}";\nself.token = Token::new("{name(d, 2)}");\n',
    "message": lambda d: f'"forgot_password": "Forgot the password of your {name(d, 2, " ")}?"\n',
    "pattern": lambda d: f'SECRET_PATTERN = r"(AKIA|ASIA)[0-9A-Z]{{16}}|{name(d, 1)}_[a-z0-9]{{32}}"\n',
    "paths": lambda d: f'private_key = "/etc/{name(d, 1)}/ssl/{name(d, 2)}.pem"\npassword_file: ./{name(d, 2, "/")}/password.txt\n',
    "image digest": lambda d: f"image: registry.io/{name(d, 2, '/')}@sha256:{chars(d, HEX, 64)}\n",
    "constants": lambda d: f"const KEY_LEN: usize = {d.randint(8, 64)};\nconst SECRET_SIZE = 0x{chars(d, HEX, 8)};\n",
    "calls": lambda d: f'password = hash_password(get_{name(d, 2)}())\ntoken = self.{name(d, 2)}.next_token(kind="{name(d, 1)}")\n',
}


def azure(draw: random.Random) -> Made:
    key = base64.b64encode(draw.randbytes(64)).decode()
    return f"DefaultEndpointsProtocol=https;AccountName=store{draw.randint(1, 99)};AccountKey={key};EndpointSuffix=core.windows.net\n", key


def json_web_token(draw: random.Random) -> Made:
    parts = [
        json.dumps({"alg": "HS256", "typ": "JWT"}),
        json.dumps({"sub": chars(draw, string.digits, 10), "iat": draw.randint(10**9, 2 * 10**9)}),
    ]
    head = ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
    secret = f"{head}.{base64.urlsafe_b64encode(draw.randbytes(32)).decode().rstrip('=')}"
    return f"COOKIE = 'session={secret}'\n", secret


def basic(draw: random.Random) -> str:
    return base64.b64encode(f"svc-{name(draw, 1)}:{password(draw)}".encode()).decode()


def alphanumeric(count: int) -> Callable[[random.Random], str]:
    return lambda draw: chars(draw, LETTERS, count)


def hexadecimal(count: int) -> Callable[[random.Random], str]:
    return lambda draw: chars(draw, HEX, count)


UPPER = string.ascii_uppercase
KNOWN |= {
    "aws profile": secret_in("[default]\naws_access_key_id = x\naws_secret_access_key = @@\n", lambda d: chars(d, LETTERS + "/+", 40)),
    "lone aws id": token("AK" + "IA", UPPER + "234567", 16, "client = Client('@')\n"),
    "slack bot": lambda d: (lambda s: (f'SLACK = "{s}"\n', s))(
        "xo" + f"xb-{chars(d, '123456789', 12)}-{chars(d, '123456789', 12)}-{chars(d, LETTERS, 24)}"
    ),
    "slack webhook": lambda d: (lambda s: (f"url: https://hooks.slack.com/services/{s}\n", s))(
        f"T{chars(d, UPPER, 8)}/B{chars(d, UPPER, 10)}/{chars(d, LETTERS, 24)}"
    ),
    "google": token("AI" + "za", LETTERS + "-_", 35, 'maps: "@",\n'),
    "stripe": token("sk_" + "live_", LETTERS, 24, "stripe.api_key = '@'\n"),
    "twilio": secret_in("TWILIO_AUTH_TOKEN=@@\n", hexadecimal(32)),
    "npm": token("np" + "m_", LETTERS, 36, "//registry.npmjs.org/:_authToken=@\n"),
    "npm private": secret_in("//npm.corp.io/:_authToken=@@\n", alphanumeric(40)),
    "github fine-grained": lambda d: (lambda s: (f"GH_TOKEN: {s}\n", s))(
        "github" + f"_pat_{chars(d, LETTERS, 22)}_{chars(d, LETTERS, 59)}"
    ),
    "rsa key": pem("RSA PRIVATE " + "KEY"),
    "dsa key": pem("DSA PRIVATE " + "KEY"),
    "jwt": json_web_token,
    "postgres uri": secret_in("DATABASE_URL=postgres://app:@@@db.internal:5432/app\n", alphanumeric(20)),
    "mysql uri": secret_in('engine = create_engine("mysql+pymysql://root:@@@10.0.0.5/shop")\n', alphanumeric(16)),
    "amqp uri": secret_in("broker: amqps://worker:@@@mq.corp.net:5671/jobs\n", alphanumeric(22)),
    "curl user": secret_in("curl -u 'deploy:@@' https://artifacts.corp.net/upload\n"),
    "bearer": secret_in('curl -H "Authorization: Bearer @@" https://api.corp.net/v1\n', alphanumeric(43)),
    "basic": secret_in('headers = {"Authorization": "Basic @@"}\n', basic),
    "docker login": secret_in('{"auths": {"registry.corp.net": {"auth": "@@"}}}\n', basic),
    "netrc": secret_in("machine git.corp.net login deploy password @@\n", alphanumeric(20)),
    "azure storage": azure,
    "anthropic": token("sk-" + "ant-api03-", LETTERS + "-_", 93, 'client = Client("@AA")\n'),
    "cloudflare": secret_in("CLOUDFLARE_API_TOKEN=@@\n", alphanumeric(40)),
    "datadog": secret_in("DATADOG_API_KEY: @@\n", hexadecimal(32)),
    "airtable": lambda d: (lambda s: (f"at = '{s}'\n", s))(f"pat{chars(d, LETTERS, 14)}.{chars(d, HEX, 64)}"),
    "notion": token("nt" + "n_", LETTERS, 46, 'notion_key = "@"\n'),
    "figma": token("fig" + "d_", LETTERS + "-_", 40, "FIGMA=@\n"),
    "square": token("sq0" + "atp-", LETTERS, 22, "square: '@'\n"),
    "maven": secret_in("<server><username>ci</username><password>@@</password></server>\n"),
    "ansible": secret_in("ansible_user: root\nansible_become_pass: @@\n", alphanumeric(16)),
    "rails database": secret_in("production:\n  adapter: postgresql\n  password: @@\n", alphanumeric(18)),
    "php array": secret_in("return ['user' => 'web', 'password' => '@@'];\n"),
    "kotlin": secret_in('private val apiKey = "@@"\n', alphanumeric(32)),
    "swift": secret_in('static let clientSecret: String = "@@"\n', alphanumeric(36)),
    "c macro": secret_in('#define WIFI_PASSWORD "@@"\n'),
    "java constant": secret_in('private static final String ACCESS_TOKEN = "@@";\n', alphanumeric(40)),
    "ini": secret_in("[db]\nuser=app\npasswd=@@\n", alphanumeric(14)),
    "command line": secret_in("mytool login --user ci --password '@@' --region eu\n"),
    "ruby hash": secret_in("config = { host: 'x', secret_token: '@@' }\n", hexadecimal(64)),
}

KNOWN |= {
    "gitlab runner": token("gl" + "rt-", LETTERS, 20, "register --url https://gitlab.corp.net --token @\n"),
    "pulumi": token("pu" + "l-", HEX, 40, "PULUMI_ACCESS_TOKEN=@\n"),
    "dynatrace": lambda d: (lambda s: (f"header = 'Api-Token {s}'\n", s))(
        "dt0" + f"c01.{chars(d, UPPER + '234567', 24)}.{chars(d, UPPER + '234567', 64)}"
    ),
    "shopify secret": token("shp" + "ss_", HEX, 32, "SHOPIFY=@\n"),
    "ado connection": secret_in('"Data Source=sql1;Initial Catalog=crm;User ID=app;Pwd=@@;"\n', alphanumeric(18)),
    "jdbc": secret_in('url = "jdbc:postgresql://db:5432/app?user=app&password=@@"\n', alphanumeric(18)),
    "odbc uri": secret_in("SQLALCHEMY_DATABASE_URI = 'mssql+pyodbc://sa:@@@db.corp.net/crm?driver=x'\n", alphanumeric(16)),
    "sftp uri": secret_in("sftp://backup:@@@files.corp.net/in\n", alphanumeric(15)),
    "elixir": secret_in('config :app, AppWeb.Endpoint,\n  secret_key_base: "@@"\n', lambda d: base64.b64encode(d.randbytes(48)).decode()),
    "dockerfile": secret_in("FROM x\nENV DB_PASSWORD=@@\n", alphanumeric(16)),
    "compose": secret_in("services:\n  db:\n    environment:\n      - POSTGRES_PASSWORD=@@\n", alphanumeric(16)),
    "powershell": secret_in("$env:API_TOKEN = '@@'\n", alphanumeric(40)),
    "makefile": secret_in("DEPLOY_TOKEN ?= @@\n", alphanumeric(32)),
    "gradle": secret_in("credentials {\n  username 'ci'\n  password '@@'\n}\n"),
    "scala": secret_in('val dbPassword = "@@"\n'),
    "perl": secret_in("my $password = '@@';\n"),
    "r": secret_in('api_key <- "@@"\n', alphanumeric(32)),
    "sql": secret_in("ALTER ROLE app WITH PASSWORD '@@';\n"),
    "sql user": secret_in("CREATE USER app IDENTIFIED BY '@@';\n"),
    "cargo": secret_in('[registry]\ntoken = "@@"\n', lambda d: "ci" + "o" + chars(d, LETTERS, 32)),
    "wireguard": secret_in("[Interface]\nPrivateKey = @@\n", lambda d: base64.b64encode(d.randbytes(32)).decode()),
    "sshpass": secret_in("sshpass -p '@@' ssh root@10.0.0.9\n"),
    "discord webhook": secret_in("https://discord.com/api/webhooks/112233445566778899/@@\n", alphanumeric(68)),
    "artifactory": secret_in("ARTIFACTORY_API_KEY: @@\n", lambda d: "AK" + "Cp" + chars(d, LETTERS, 69)),
    "supabase": secret_in("SUPABASE=@@\n", lambda d: "sb" + "p_" + chars(d, HEX, 40)),
}


def escaped_key(draw: random.Random) -> Made:
    text = block(draw, "PRIVATE " + "KEY", 20)
    return 'SIGNING="' + text.replace("\n", "\\n") + '\\n"\n', text.split("\n")[4]


KNOWN |= {
    "slack app": lambda d: (lambda s: (f"SLACK_APP = '{s}'\n", s))(
        "xa" + f"pp-1-A{chars(d, UPPER + '0123456789', 10)}-{chars(d, string.digits, 13)}-{chars(d, HEX, 64)}"
    ),
    "slack user": lambda d: (lambda s: (f"legacy: {s}\n", s))(
        "xo" + f"xp-{chars(d, '123456789', 12)}-{chars(d, '123456789', 12)}-{chars(d, '123456789', 12)}-{chars(d, HEX, 32)}"
    ),
    "github oauth": token("gh" + "o_", LETTERS, 36, "remote = https://@:x-oauth-basic@github.com/a/b\n".replace(":x-oauth-basic@", " ")),
    "openai": lambda d: (lambda s: (f'client = OpenAI("{s}")\n', s))(
        "sk" + f"-proj-{chars(d, LETTERS, 74)}T3BlbkFJ{chars(d, LETTERS, 74)}"
    ),
    "groq": token("gs" + "k_", LETTERS, 52, "groq: @\n"),
    "replicate": token("r8" + "_", LETTERS, 37, "r = Replicate('@')\n"),
    "mailchimp": lambda d: (lambda s: (f"MAILCHIMP_KEY={s}\n", s))(chars(d, HEX, 32) + f"-us{d.randint(1, 21)}"),
    "clojars": token("CLOJARS" + "_", "0123456789abcdefghijklmnopqrstuvwxyz", 60, 'deploy "@"\n'),
    "rubygems": token("rubygems" + "_", HEX, 48, ":rubygems: @\n"),
    "terraform cloud": lambda d: (lambda s: (f'credentials "app.terraform.io" {{\n  token = "{s}"\n}}\n', s))(
        chars(d, LETTERS, 14) + ".atlasv1." + chars(d, LETTERS, 67)
    ),
    "netlify": token("nf" + "p_", LETTERS, 36, "NETLIFY=@\n"),
    "atlassian": token("ATATT" + "3xFfGF0", LETTERS + "-_", 180, 'jira = Jira("@=1A2B3C4D")\n'),
    "docker hub": token("dckr" + "_pat_", LETTERS + "-_", 27, "docker login -u me -p @\n"),
    "azure ad": lambda d: (lambda s: (f'"AzureAd": {{ "ClientSecret": "{s}" }}\n', s))(
        chars(d, LETTERS, 3) + "8Q~" + chars(d, LETTERS + "-_", 34)
    ),
    "flask": secret_in("app.secret_key = b'@@'\n", lambda d: chars(d, LETTERS + "_#]/", 24)),
    "laravel": secret_in("APP_KEY=base64:@@\n", lambda d: base64.b64encode(d.randbytes(32)).decode()),
    "symfony": secret_in("APP_SECRET=@@\n", hexadecimal(32)),
    "jwt secret": secret_in("const JWT_SECRET = '@@';\n", alphanumeric(48)),
    "smtp": secret_in("SMTP_USER=mailer\nSMTP_PASS=@@\n", alphanumeric(16)),
    "ansible vault": secret_in('vault_db_password: "@@"\n'),
    "helm": secret_in("grafana:\n  adminPassword: @@\n", alphanumeric(20)),
    "jenkins": secret_in("apiToken: '@@'\n", lambda d: "11" + chars(d, HEX, 32)),
    "one-line key": escaped_key,
    "ldap": secret_in("ldap.binddn=cn=app\nldap.bindpw=@@\n", alphanumeric(14)),
    "rest header": secret_in('req.setHeader("X-Api-Key", "@@");\n', alphanumeric(32)),
}


def indented_key(draw: random.Random) -> Made:
    text = block(draw, "RSA PRIVATE " + "KEY", 16)
    return "deploy:\n  key: |\n" + "".join(f"    {line}\n" for line in text.split("\n")), text.split("\n")[5]


def packed_key(draw: random.Random) -> Made:
    secret = base64.b64encode(block(draw, "EC PRIVATE " + "KEY", 4).encode()).decode()
    return f"users:\n- name: admin\n  user:\n    client-key-data: {secret}\n", secret


KNOWN |= {
    "xai": token("xa" + "i-", LETTERS, 80, "grok = Grok('@')\n"),
    "mistral": secret_in("MISTRAL_API_KEY=@@\n", alphanumeric(32)),
    "deepseek": secret_in("DEEPSEEK_API_KEY=sk-@@\n", hexadecimal(32)),
    "sonar": token("sq" + "u_", HEX, 40, "sonar.login=@\n"),
    "spring yaml": secret_in("spring:\n  datasource:\n    username: app\n    password: @@\n", alphanumeric(16)),
    "cloudformation": secret_in('"MasterUsername": "root",\n"MasterUserPassword": "@@",\n'),
    "c sharp": secret_in('var password = "@@";\n'),
    "django databases": secret_in("DATABASES = {'default': {'USER': 'app', 'PASSWORD': '@@'}}\n"),
    "rust builder": secret_in('let db = Config::new().user("app").password("@@");\n'),
    "go struct": secret_in('return Options{User: "app", Password: "@@"}\n'),
    "typescript": secret_in('private password: string = "@@";\n'),
    "pgpassword": secret_in("PGPASSWORD=@@ psql -h db -U app\n", alphanumeric(16)),
    "xml attribute": secret_in('<dataSource user="app" password="@@" url="jdbc:x"/>\n'),
    "aws session": secret_in("aws_session_token = @@\n", lambda d: base64.b64encode(d.randbytes(240)).decode()),
    "kubeconfig": packed_key,
    "proxy": secret_in("HTTPS_PROXY=http://svc:@@@proxy.corp.net:3128\n", alphanumeric(14)),
    "key in yaml": indented_key,
    "vault root": secret_in('VAULT_TOKEN="s.@@"\n', alphanumeric(24)),
    "ci variable": secret_in('variables:\n  DEPLOY_PASS: "@@"\n'),
    "objective c": secret_in('NSString *apiSecret = @"@@";\n', alphanumeric(40)),
    "php variable": secret_in('$db_pass = "@@";\n'),
    "batch": secret_in("set NUGET_TOKEN=@@\r\n", alphanumeric(46)),
    "tfvars": secret_in('db_username = "app"\ndb_password = "@@"\n'),
    "groovy map": secret_in("credentials: [user: 'ci', apiToken: '@@']\n", hexadecimal(34)),
}

KNOWN |= {
    "perplexity": token("ppl" + "x-", LETTERS, 48, "pplx: @\n"),
    "linear oauth": secret_in("LINEAR_CLIENT_SECRET=@@\n", hexadecimal(32)),
    "sentry": secret_in(
        "auth.token=@@\n",
        lambda d: (
            "snt"
            + "rys_"
            + base64.b64encode(json.dumps({"iat": d.random(), "url": "https://x"}).encode()).decode()
            + "_"
            + chars(d, LETTERS, 43)
        ),
    ),
    "buildkite": token("bk" + "ua_", HEX, 40, "buildkite: '@'\n"),
    "typeform": token("tf" + "p_", LETTERS, 44, "TYPEFORM_TOKEN=@\n"),
    "flutterwave": lambda d: (lambda s: (f"flw = '{s}'\n", s))("FLWSECK" + f"_TEST-{chars(d, HEX, 32)}-X"),
    "duffel": token("duffel" + "_live_", LETTERS, 43, 'duffel = Duffel("@")\n'),
    "easypost": token("EZ" + "AK", LETTERS, 54, 'easypost.api_key = "@"\n'),
    "readme": token("rd" + "me_", HEX, 70, "README_IO=@\n"),
    "prefect": token("pn" + "u_", string.ascii_lowercase + string.digits, 36, "prefect cloud login --key @\n"),
    "freshdesk": secret_in("freshdesk_api_key: @@\n", alphanumeric(20)),
    "keystore": secret_in("storePassword=@@\nkeyAlias=upload\n", alphanumeric(16)),
    "angular": secret_in("export const environment = { production: true, apiKey: '@@' };\n", alphanumeric(39)),
    "express session": secret_in("app.use(session({ secret: '@@', resave: false }));\n", alphanumeric(32)),
    "compare": secret_in("if (password === '@@') {\n"),
    "default value": secret_in('SECRET = os.getenv("SECRET_KEY", "@@")\n', alphanumeric(40)),
    "nested json": secret_in('body = "{\\"user\\": \\"app\\", \\"password\\": \\"@@\\"}"\n', alphanumeric(18)),
    "query string": secret_in("curl 'https://api.corp.net/v1/items?access_token=@@&page=2'\n", alphanumeric(40)),
    "ftp uri": secret_in("mirror ftp://site:@@@ftp.corp.net/www\n", alphanumeric(16)),
    "helm secret": secret_in("stringData:\n  redis-password: @@\n", alphanumeric(20)),
    "nginx": secret_in('proxy_set_header Authorization "Bearer @@";\n', alphanumeric(48)),
    "kafka": secret_in('sasl.jaas.config=PlainLoginModule required username="app" password="@@";\n'),
    "dart": secret_in("final String authToken = '@@';\n", alphanumeric(40)),
    "haskell": secret_in('dbPassword = "@@" :: Text\n'),
    "vb": secret_in('Const DB_PASSWORD As String = "@@"\n'),
}

HELD_OUT: dict[str, Callable[[random.Random], Made]] = {
    "adobe": token("p8" + "e-", string.ascii_letters + string.digits, 32, 'adobe_client_secret = "@"\n'),
    "alibaba": secret_in("ALIBABA_CLOUD_ACCESS_KEY_SECRET=@@\n", alphanumeric(30)),
    "beamer": secret_in("beamer_api_key: 'b_@@'\n", lambda d: chars(d, LETTERS, 44)),
    "bitbucket": secret_in("git clone https://me:ATBB@@@bitbucket.org/a/b\n", alphanumeric(32)),
    "cloudinary": secret_in("CLOUDINARY_URL=cloudinary://123456789012345:@@@demo\n", alphanumeric(27)),
    "frame.io": token("fi" + "o-u-", LETTERS + "-_", 64, "frameio = '@'\n"),
    "hubspot": secret_in("HUBSPOT_TOKEN=pat-na1-@@\n", uuid),
    "sendinblue": lambda d: (lambda s: (f"brevo: {s}\n", s))("xkey" + f"sib-{chars(d, HEX, 64)}-{chars(d, LETTERS, 16)}"),
    "twitch": secret_in("TWITCH_CLIENT_SECRET = '@@'\n", lambda d: chars(d, string.ascii_lowercase + string.digits, 30)),
    "scalingo": token("tk-" + "us-", LETTERS + "-_", 48, "scalingo login --api-token @\n"),
    "weights and biases": secret_in("WANDB_API_KEY=@@\n", hexadecimal(40)),
    "pod environment": secret_in("env:\n  - name: DB_PASSWORD\n    value: '@@'\n"),
    "task definition": secret_in('{"name": "STRIPE_SECRET", "value": "@@"}\n', alphanumeric(32)),
    "spring xml": secret_in('<property name="password" value="@@"/>\n'),
    "gradle properties": secret_in("signing.keyPassword=@@\n", alphanumeric(16)),
    "fastlane": secret_in("ENV['MATCH_PASSWORD'] = '@@'\n"),
    "grafana ini": secret_in("[security]\nadmin_user = admin\nadmin_password = @@\n", alphanumeric(18)),
}

KNOWN |= {
    "mysql flag": secret_in("mysqldump -u root -p@@ shop > dump.sql\n", alphanumeric(16)),
    "react native": secret_in('const firebaseConfig = { apiKey: "AI" + "@@" }\n', alphanumeric(37)),
    "elasticsearch": secret_in("es = Elasticsearch(hosts, basic_auth=('elastic', '@@'))\n"),
}

# Nothing near these says what they are: no provider's format, no name of a password, key or token in front. They are not found, and that is known.
UNANNOUNCED: dict[str, Callable[[random.Random], Made]] = {
    "sidekiq": secret_in("Sidekiq::Web.use Rack::Auth::Basic do |u, p| p == '@@' end # password\n"),
    "pin": secret_in('unlock(pin="@@")\n', lambda d: chars(d, string.digits, 4)),
    "bare digits": secret_in('x = "@@"\n', hexadecimal(32)),
}

HELD_OUT_LOOKALIKES: dict[str, Callable[[random.Random], str]] = {
    "go sum": lambda d: f"github.com/{name(d, 2, '/')} v1.{d.randint(0, 40)}.0 h1:{base64.b64encode(d.randbytes(32)).decode()}=\n",
    "python lock": lambda d: f'    {{file = "{name(d, 2)}.whl", hash = "sha256:{chars(d, HEX, 64)}"}},\n',
    "etag": lambda d: f'headers["ETag"] = "{chars(d, HEX, 32)}"\n',
    "font": lambda d: f"src: url(data:font/woff2;base64,{base64.b64encode(d.randbytes(150)).decode()});\n",
    "hash test": lambda d: f'assert md5(b"{name(d, 2, " ")}") == "{chars(d, HEX, 32)}"\n',
    "java call": lambda d: f'String token = request.get{name(d, 1).title()}Token("{name(d, 2)}");\n',
    "css class": lambda d: f'const tokenClass = "{name(d, 3, "-")}__{name(d, 1)}--active";\n',
    "jsx": lambda d: f'<Input type="password" name="password" placeholder="{name(d, 3, " ")}" />\n',
    "help text": lambda d: f"--token <TOKEN>  The token for the {name(d, 2, ' ')} (see {name(d, 2, '-')})\n",
    "cache key": lambda d: f'cache_key = "{name(d, 3, ":")}:{d.randint(1, 9999)}"\nprimary_key = "{name(d, 2)}_id"\n',
    "sort key": lambda d: f'partition_key: "{name(d, 4, "#")}",\nkeyboard = "{name(d, 4)}"\n',
    "url": lambda d: f'token_url = "https://login.{name(d, 1)}.com/oauth2/v2.0/{name(d, 2, "/")}/token"\n',
    "secret manager": lambda d: (
        f'secret = client.access_secret_version(name="projects/{d.randint(1, 999)}/secrets/{name(d, 2, "-")}/versions/1")\n'
    ),
    "vault path": lambda d: f"password: vault:secret/data/{name(d, 2, '/')}#password\n",
    "arn": lambda d: f'secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name(d, 3, "/")}"\n',
    "enum": lambda d: f'enum Token {{ {name(d, 1).title()}Open, {name(d, 1).title()}Close, Secret{d.randint(1, 99)} = "{name(d, 2)}" }}\n',
    "proto": lambda d: f"optional string password = {d.randint(1, 30)};\nrepeated bytes api_key = {d.randint(1, 30)};\n",
    "weak example": lambda d: (
        f'login("{name(d, 1)}", password="{d.choice(["password", "secret", "changeme", "********", "your-password"])}")\n'
    ),
    "numbers": lambda d: f"const SECRET_CONSTANTS: [u64; 2] = [0x{chars(d, HEX, 16)}, 0x{chars(d, HEX, 16)}];\n",
    "translation": lambda d: f'"invalid_token": "Das Token für {name(d, 2, " ")} ist ungültig",\n"api_key_help": "{name(d, 5, " ")}"\n',
}
