"""Text kinds without a grammar: cut where a part begins (a heading, a section, a top-level key) and after blank lines."""

from __future__ import annotations

from elite_code_dataset.languages import Language

HASH_HEADING = r"#{1,6}[ \t]"
SETEXT = r"[^\s#>*\-|].*\n(?:=+|-{3,})[ \t]*$"
TOP_KEY = r"[^\s#\-\]\}][^\n]*?:(?:[ \t]|$)"

LANGUAGE = (
    Language(
        "text",
        (".txt", ".text", ".adoc", ".asciidoc", ".org", ".tex", ".diff", ".patch", ".log"),
        headings=r"(?:=|\*)+[ \t]+\S|\\(?:section|chapter)\b|diff --git ",
    ),
    Language("license", (), ("license*", "licence*", "copying*", "unlicense*", "notice*", "copyright*")),
    Language(
        "markdown",
        (".md", ".markdown", ".mdx", ".mkd"),
        block_comment=("<!--", "-->"),
        headings=f"{HASH_HEADING}|{SETEXT}",
        fence=r"[ \t]{0,3}(?:```|~~~)",
    ),
    Language("rst", (".rst",), headings=r"(?=\S)[^\n]+\n([=\-~^\"'`#*+_:.])\1{2,}[ \t]*$"),
    Language(
        "toml",
        (".toml",),
        ("cargo.lock", "poetry.lock", "uv.lock", "pdm.lock"),
        line_comment="#",
        headings=r"\[",
        fence=r"[^#\n]*(?:\"\"\"|''')(?!.*(?:\"\"\"|'''))",
    ),
    Language("yaml", (".yaml", ".yml"), (".clang-format", ".clang-tidy", "pubspec.lock"), line_comment="#", headings=f"{TOP_KEY}|---|- "),
    Language(
        "json",
        (".json", ".jsonc", ".json5", ".geojson", ".webmanifest", ".ipynb"),
        (".babelrc", ".eslintrc", ".prettierrc", "composer.lock", "pipfile.lock"),
        headings=r'(?:[ ]{2}|[ ]{4}|\t)"',
    ),
    Language("jsonl", (".jsonl", ".ndjson"), headings=r"[\[{]"),
    Language(
        "ini",
        (".ini", ".cfg", ".conf", ".properties", ".service", ".desktop", ".env"),
        (".editorconfig", ".gitconfig", ".gitmodules", ".npmrc", ".flake8", ".pylintrc", ".coveragerc"),
        line_comment="#",
        headings=r"\[",
    ),
    Language(
        "ignore",
        (".gitignore", ".dockerignore", ".npmignore"),
        (".gitignore", ".dockerignore", ".npmignore", ".eslintignore", ".prettierignore", ".gitattributes", ".mailmap", "codeowners"),
        line_comment="#",
    ),
    Language(
        "xml",
        (".xml", ".xsd", ".xsl", ".xslt", ".plist", ".csproj", ".vbproj", ".props", ".targets", ".resx", ".wsdl", ".ui", ".pom", ".xaml"),
        signed_suffixes=(".ts",),
        sign=r"\A\s*<\?xml",
        block_comment=("<!--", "-->"),
        headings=r"(?:[ ]{2}|[ ]{4}|\t)?<[A-Za-z]",
    ),
    Language("svg", (".svg",), block_comment=("<!--", "-->"), headings=r"(?:[ ]{2}|[ ]{4}|\t)?<[A-Za-z]"),
    Language(
        "html",
        (".html", ".htm", ".xhtml"),
        block_comment=("<!--", "-->"),
        headings=r"[ \t]*<(?:h[1-6]|section|article|body|head|script|style|div|table|nav|main|footer|header)\b",
    ),
    Language(
        "template",
        (".j2", ".jinja", ".jinja2", ".hbs", ".mustache", ".ejs", ".erb", ".twig", ".tmpl", ".tpl", ".liquid"),
        block_comment=("{#", "#}"),
    ),
    Language("css", (".css",), block_comment=("/*", "*/"), headings=r"[^\s}/][^\n;]*\{"),
    Language(
        "scss", (".scss", ".sass", ".less", ".styl"), line_comment="//", block_comment=("/*", "*/"), headings=r"[^\s}/][^\n;]*\{|@mixin\b"
    ),
    Language("dockerfile", (".dockerfile",), ("dockerfile", "dockerfile.*", "containerfile"), line_comment="#", headings=r"(?i:FROM)\b"),
    Language(
        "makefile",
        (".mk", ".mak", ".make"),
        ("makefile", "gnumakefile", "makefile.*"),
        interpreters=("make",),
        line_comment="#",
        headings=r"[^\s#:=][^\n:=]*:(?!=)|define\b|if(?:n?eq|n?def)\b",
    ),
    Language(
        "cmake", (".cmake",), ("cmakelists.txt",), line_comment="#", headings=r"(?i:function|macro|if|foreach|add_\w+|find_package)[ \t]*\("
    ),
    Language("csv", (".csv", ".tsv", ".psv")),
    Language(
        "lock",
        (".lock", ".sum"),
        ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "gemfile.lock", "go.sum", "flake.lock", "bun.lock"),
        headings=r"\S",
    ),
    Language(
        "objc",
        (".m", ".mm"),
        signed_suffixes=(".h",),
        sign=r"^\s*(?:@interface|@protocol|@class|@import|NS_ASSUME_NONNULL_BEGIN|#\s*import)\b",
        line_comment="//",
        block_comment=("/*", "*/"),
        headings=r"[-+][ \t]*\(|@(?:interface|implementation|protocol|end|property)\b|static[ \t]",
    ),
    Language(
        "sql",
        (".sql", ".psql", ".ddl", ".dml", ".pgsql"),
        line_comment="--",
        block_comment=("/*", "*/"),
        headings=r"(?i:create|alter|drop|insert|update|delete|select|with|grant|begin|commit|set|use|merge|truncate|comment)\b",
    ),
    Language(
        "graphql",
        (".graphql", ".gql", ".graphqls"),
        line_comment="#",
        headings=r"(?:extend[ \t]+)?(?:type|input|interface|enum|union|scalar|schema|query|mutation|fragment|directive)\b",
    ),
    Language(
        "proto",
        (".proto",),
        line_comment="//",
        block_comment=("/*", "*/"),
        headings=r"(?:message|service|enum|import|option|package|extend)\b",
    ),
    Language("terraform", (".tf", ".tfvars", ".hcl"), line_comment="#", block_comment=("/*", "*/"), headings=r"[a-z_]+[^\n=]*\{"),
    Language("starlark", (".bzl", ".bazel", ".star"), ("build", "workspace"), line_comment="#", headings=r"(?:def|load|[a-z_]+)[ \t(]"),
    Language("batch", (".bat", ".cmd"), line_comment="rem", headings=r":\w"),
    Language(
        "powershell",
        (".ps1", ".psm1", ".psd1"),
        line_comment="#",
        block_comment=("<#", "#>"),
        headings=r"(?i:function|class|param|filter)\b",
    ),
    Language("gomod", (".mod", ".work"), line_comment="//", headings=r"(?:module|require|replace|exclude|use)\b"),
)
