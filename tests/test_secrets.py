import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elite_code_dataset import secrets_formats, secrets_logins, secrets_names
from elite_code_dataset.secrets import findings, placeholder, redacted, redacted_many
from tests.secret_samples import HELD_OUT, HELD_OUT_LOOKALIKES, KNOWN, KNOWN_LOOKALIKES, LETTERS, block, chars, drawn
from tests.secret_syntax_samples import HARMLESS, NO_SECRETS, SPLIT, SYNTAXES

PAT = "gh" + "p_" + chars(random.Random("pat"), LETTERS, 36)
PASSWORD = "tR7#" + "kq9Zx!w2Lm"
ADDRESS = "ada.byron@" + "analytical-engine.org"


def test_kinds_the_rules_were_not_written_with_are_found_and_look_alikes_left_alone():
    samples = drawn(HELD_OUT, 2)
    missed = [kind for kind, (text, secret) in samples if secret in redacted(text)[0]]
    assert len(missed) <= 0.05 * len(samples), missed
    alarms = [text for _, text in drawn(HELD_OUT_LOOKALIKES, 10) if findings(text, emails=False)]
    assert len(alarms) <= 5, alarms


def test_kinds_the_rules_were_written_with_stay_found():
    samples = drawn(KNOWN, 1)
    missed = [kind for kind, (text, secret) in samples if secret in redacted(text)[0]]
    assert len(missed) <= 0.02 * len(samples), missed
    assert [text for _, text in drawn(KNOWN_LOOKALIKES, 5) if findings(text, emails=False)] == []


def survives(secret: str, text: str) -> bool:
    """Whether a run of 60 % of the secret is left."""
    count = -(-len(secret) * 6 // 10)
    return any(secret[at : at + count] in text for at in range(len(secret) - count + 1))


@pytest.mark.parametrize("kind", SYNTAXES)
def test_a_secret_is_found_in_the_syntax_of_any_tool(kind):
    where, make = SYNTAXES[kind]
    secrets = [make(random.Random(f"{kind} {k}")) for k in range(5)]
    assert [secret for secret in secrets if survives(secret, redacted(where.replace("@@", secret, 1))[0])] == []


@pytest.mark.parametrize("kind", HARMLESS)
def test_ciphertext_files_ids_and_public_keys_stay(kind):
    where, make = HARMLESS[kind]
    texts = [where.replace("@@", make(random.Random(f"{kind} {k}"))) for k in range(5)]
    assert [text for text in texts if redacted(text)[0] != text] == []


@pytest.mark.parametrize("kind", SPLIT)
def test_a_secret_in_pieces_goes_whole(kind):
    where, make = SPLIT[kind]
    for k in range(5):
        secret = make(random.Random(f"{kind} {k}"))
        half = len(secret) // 2
        text, _ = redacted(where.replace("@1", secret[:half]).replace("@2", secret[half:]))
        assert not survives(secret[:half], text) and not survives(secret[half:], text)


@pytest.mark.parametrize("text", NO_SECRETS)
def test_names_prose_and_placeholders_stay(text):
    assert redacted(text, emails=False) == (text, {})


def test_every_opening_that_a_rule_waits_for_is_announced():
    needed = {opening for openings, _, _ in secrets_formats._FORMS for opening in openings}
    needed |= {opening for opening, _ in secrets_logins._COMMANDS} | set(secrets_logins._CALLS) | set(secrets_logins._CLIENTS)
    needed |= set(secrets_names._WORDS) - {b"key", b"token"} | {b"akia", b"---begin ", b"basic ", b"bearer", b"auth", b"cookie"}
    assert sorted(opening for opening in needed if opening not in secrets_formats.scanned(b"x " + opening.upper() + b" x\n")[1]) == []


def test_lines_cut_out_of_redacted_text_hold_no_secret():
    draw = random.Random("cuts")
    syntaxes = [where.replace("@@", make(random.Random(kind)), 1) for kind, (where, make) in SYNTAXES.items()]
    harmless = [where.replace("@@", make(random.Random(kind))) for kind, (where, make) in HARMLESS.items()]
    for text in [text for _, (text, _) in drawn(KNOWN, 1) + drawn(HELD_OUT, 1)] + syntaxes + harmless:
        lines = redacted(f"import x\n{text}\nx.run()\n{text}")[0].splitlines(keepends=True)
        for _ in range(4):
            first = draw.randrange(len(lines))
            assert findings("".join(lines[first : draw.randint(first, len(lines))])) == []


def test_a_secret_becomes_a_word_that_says_its_kind_and_the_rest_stays():
    text, kinds = redacted(f'token = "{PAT}"  # café\nother = 1\n')
    assert re.fullmatch(r'token = "REDACTED_GITHUB_PAT_[0-9a-f]{4}"  # café\nother = 1\n', text)
    assert kinds == {"github-pat": 1}


def test_the_same_secret_has_the_same_placeholder_everywhere_and_another_one_another():
    first, _ = redacted(f'a = connect(password="{PASSWORD}")')
    second, kinds = redacted(f'PASSWORD: "{PASSWORD}"\nOLD_PASSWORD: "{PASSWORD[::-1]}"\nPASSWORD: "{PASSWORD}"')
    words = re.findall(r"REDACTED_\w+", first + second)
    assert words[0] == words[1] == words[3] != words[2]
    assert kinds == {"password": 3}


def test_a_placeholder_does_not_tell_the_secret_and_a_salt_changes_it():
    assert placeholder(b"one", "api-key") != placeholder(b"two", "api-key")
    assert placeholder(b"one", "api-key", "salt") != placeholder(b"one", "api-key")
    assert placeholder(b"one", "api-key") == placeholder(b"one", "api-key")
    assert re.fullmatch(rb"REDACTED_API_KEY_[0-9a-f]{4}", placeholder(b"one", "api-key"))


def test_redacting_twice_changes_nothing_and_leaves_no_finding():
    for _, (text, _) in drawn(KNOWN, 1) + drawn(HELD_OUT, 1):
        once, kinds = redacted(text + f"author: {ADDRESS}\n")
        assert kinds and redacted(once) == (once, {})
        assert findings(once) == []
    for kind, (where, make) in SYNTAXES.items():
        once, kinds = redacted(where.replace("@@", make(random.Random(kind)), 1))
        assert kinds and redacted(once) == (once, {}) and findings(once) == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [text for _, (text, _) in drawn(KNOWN, 1)] + [text for _, text in drawn(KNOWN_LOOKALIKES, 1)] + ["é=ø\n", ADDRESS, "\x00", "'"]
        ),
        max_size=6,
    ),
    st.randoms(),
)
def test_any_mixture_is_settled_after_one_pass(pieces, draw):
    text = "".join(pieces)
    cut = text[draw.randint(0, len(text)) :] if text else text
    once, _ = redacted(cut)
    assert redacted(once) == (once, {})


def test_a_private_key_goes_whole_and_its_mention_stays():
    key = block(random.Random("key"), "RSA PRIVATE " + "KEY", 10)
    text, kinds = redacted(f"KEY = '''{key}'''\nif line == '-----BEGIN RSA PRIVATE KEY-----':\n    pass\n")
    assert kinds == {"private-key": 1}
    assert re.match(r"KEY = '''REDACTED_PRIVATE_KEY_[0-9a-f]{4}'''\nif line == '-----BEGIN RSA PRIVATE KEY-----':\n", text)
    cut_off = key[: len(key) // 2]
    assert cut_off.split("\n")[3] not in redacted(f'"""{cut_off}')[0]


def test_findings_say_where_in_bytes_and_lines_but_not_what():
    text = f'# é\npassword = "{PASSWORD}"\n# {ADDRESS}\n'
    first, second = findings(text)
    data = text.encode()
    assert data[first.start : first.end].decode() == PASSWORD and (first.kind, first.line) == ("password", 2)
    assert data[second.start : second.end].decode() == ADDRESS and (second.kind, second.line) == ("email", 3)
    assert PASSWORD not in repr(first)
    assert [f.kind for f in findings(text, emails=False)] == ["password"]


@pytest.mark.parametrize(
    "personal",
    [
        f'authors = ["Ada <{ADDRESS}>"]',
        f"mailto:{ADDRESS}",
        f"# see {ADDRESS}.",
        f"{ADDRESS}, and others",
        "x.y+z@" + "sub.domain.co.uk",
        "Q@" + "analytical-engine.org",
    ],
)
def test_a_personal_address_is_replaced_by_one_that_nobody_owns(personal):
    text, kinds = redacted(personal)
    assert re.search(r"redacted-[0-9a-f]{4}@example\.com", text)
    assert kinds == {"email": 1}
    assert redacted(personal, emails=False) == (personal, {})


@pytest.mark.parametrize(
    "impersonal",
    [
        "someone@example.com",
        "user@mail.example.org",
        "49699333+dependabot[bot]@users.noreply.github.com",
        "noreply@github.com",
        "git@github.com:owner/name.git",
        "ssh://deploy@build.corp.net/x",
        "ftp://anonymous:guest@files.corp.net/x",
        "security@rust-lang.org",
        "result = left@right.transpose(1)",
        "loss = w@x.sum()",
        "@decorator.method",
        "import x from 'pkg@1.2.3'",
        "icon@2x.png",
        "uses: actions/checkout@v4.1.com",
        "a@b.co",
    ],
)
def test_what_is_no_personal_address_stays(impersonal):
    assert redacted(impersonal) == (impersonal, {})


def test_many_texts_give_what_each_gives_alone():
    texts = [f"key {k % 3}: {PAT}\n" if k % 2 else "clean\n" * k for k in range(8)] + [f"{ADDRESS}\n"] * 3
    assert list(redacted_many(texts)) == [redacted(text) for text in texts]
    assert list(redacted_many(iter(texts), emails=False))[-1] == (f"{ADDRESS}\n", {})


def test_text_that_is_not_quite_unicode_survives():
    odd = "a = '\udc80\u2028'\r\n\x00"
    assert redacted(odd) == (odd, {})
    assert redacted(odd + f'token = "{PAT}"')[0].startswith(odd)


def test_real_code_is_left_as_it_is():
    import argparse
    import http.client
    import json.decoder
    import tokenize
    from inspect import getsource

    for module in (argparse, http.client, json.decoder, tokenize):
        assert findings(getsource(module), emails=False) == []
