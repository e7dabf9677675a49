"""A commit's message and author -> the message without any person in it, and whether a bot or a revert wrote it.

In: the bytes of a commit object's message and of its author line. Out: text, and two verdicts. Author data goes no further than the
cached history. Costs 20 to 80 microseconds a message. What is left out: trailers that name people, addresses, ``@handles`` after a word of thanks,
unknown names after one, the branch owner of a merge subject, marks of cherry-picks and imports; and the names by which the authors, committers
and signers of the history are known for sure (``people``). A line ``key: value`` is a trailer if its key says so (``Signed-off-by``) or its value is a
person; the subject, only if nothing but a person stands there.

What stays: ordinary words that are somebody's name too, where nothing says that the person is meant; strangers, but where thanks are said, above all
those whose whole name is ordinary words (``thanks to Mark Field``).
"""

from __future__ import annotations

import re

from elite_code_dataset.config import MAX_MESSAGE_CHARACTERS
from elite_code_dataset.names import PERSON_BYTES, SOMEONE, decoded, ordinary_words
from elite_code_dataset.people import People
from elite_code_dataset.signers import CREDIT, SIGNED

_BOT = re.compile(  # what no person is called
    r"\[bot\]|\b(?:dependabot|renovate|greenkeeper|github-actions|pre-commit-ci|pyup|snyk|mergify|allcontributors|imgbot|weblate|codecov"
    r"|semantic-release|release-please|copybara|k8s-ci-robot|k8s[ -]publish(?:er|ing)|circleci|scala[ -]steward|whitesource|deepsource|restyled"
    r"|copilot|github-merge-queue|github[ -]actions?|azure[ -]pipelines|transifex|travis-?ci)\b|[-_](?:ro)?bot(?![^\W_])|(?<![^\W_])(?:ro)?bot[-_]|[-_](?:bors|homu)\b"
    r"|(?<![^\W_])(?:auto|build|merge|release|deploy|sync|lint|format|fix|review|test|version|update|bump|backport|ci|rust|git|code|docs?)(?:bot|Bot)\b"
    r"|(?-i:[a-z]Bot\b)",
    re.I,
)
_BOT_ADDRESS = re.compile(r"(?:^|[\s._-])(?:(?:ro)?bot|ci|no-?reply-bot|automation)$|^(?:(?:ro)?bot|ci|automation)[\s_+-]", re.I)
_SHARED = frozenset("travis jenkins bors homu bot robot".split())  # names of programs that are persons' names too
_HELPER = re.compile(  # what such a program's other words are
    r"ci$|pre-|bot|auto|servic|merg|releas|build|deploy|publi|sync|updat|bump|lint|format|review|version|backport|translat|doc|integrat|machine|github"
    r"|gitlab|action|queue|server|system|user$|admin|code|stale|test|rust|k8s|kube|open|apache|google|app$|the$|team|project|commit|pull|check|pr$"
    r"|changelog|license|security|depend|package|web|cron|nightly|travis$|jenkins$|bors$|homu$"
)
_COMMIT = r"(?:\"|#\d|r\d{3}|[0-9a-f]{7,40}\b|(?:commits?|changesets?|pr|pull request|merge)\b)"
_REVERT = re.compile(  # ``revert: x``, ``chore(revert): x``, ``[revert] x``; ``Revert "x"`` and what commits are called, behind ``fix:`` too
    r"(?:revert(?:\([^()\n]{0,60}\))?!?:|\w{1,20}\(revert\)!?:|\[revert\]"
    rf"|(?:\w{{1,20}}(?:\([^()\n]{{0,60}}\))?!?:[ \t]*|\[[^\[\]\n]{{1,40}}\][ \t]*)?"
    rf"(?:revert(?:s|ed|ing)?|back(?:s|ed|ing)?[ -]?out)[ \t]+(?:(?:the|this|last|my|previous|of|bad)[ \t]+){{0,3}}(?:{_COMMIT}|(?:change|patch)(?:es|s)?\b|[^\n]{{1,60}}[ \t]changes?$)|revert[ \t]+back\b"
    rf"|(?:roll(?:s|ed|ing)?[ -]?back|undo(?:es|ing)?|undid)[ \t]+(?:(?:the|this|last|my|previous|of)[ \t]+){{0,3}}{_COMMIT})",
    re.I | re.M,
)
_REVERT_BODY = re.compile(r"^this reverts (?:commit|merge|pull request)\b", re.I | re.M)
_CAPITALISED = r"[^\W\d_a-z][\w.'’-]{0,40}"
_FULL = rf"{_CAPITALISED}(?:[ \t]{{1,9}}[\w.'’-]{{1,40}}){{1,3}}"
_TRAILER = re.compile(  # may stand in a list, without hyphens, or with the name on the next line
    r"^[ \t]*(?:[*+>#|-][ \t]*){0,3}"
    rf"(?:(?P<by>(?:{SIGNED}|helped|mentored|nacked)(?P<sign>[ -])by)|(?P<told>change-id|(?:git-)?svn-id)|(?P<many>reviewers|subscribers)"
    r"|[A-Za-z]+(?:-[A-Za-z]+)*-(?:by|to|from|author)|ccs?|from|authors?|co-?authors?|committer|contributors?|credits?|thanks|patch by|patch from)"
    rf"[ \t]*:(?P<value>(?(by)[ \t]*\n[ \t]*(?-i:{_FULL})(?:[ \t]*<.*)?[ \t]*$|(?!))|.*$)\n?(?:^[ \t]+\S*@.*$\n?)*",
    re.I | re.M,
)
_MACHINE = re.compile(r"^(?:rietveld|bazel)-[\w-]{1,40}[ \t]*:[ \t]*(?:\S*[0-9a-f]{7}\S*|https?://\S+)[ \t]*$\n?", re.I | re.M)
_ADDRESSED = (
    r"(?:\"[^\"\n]{1,60}\"[ \t]*|[^<>@,;\n]{0,80})<[^<>\n]{0,100}(?:@|[ \t][Aa][Tt][ \t])[^<>\n]{0,100}>|[\w.+%-]{1,64}@[\w.-]{1,64}"
)
_PLAINLY = rf"{_CAPITALISED}(?:[ \t]{{1,9}}(?:v[ao]n|de[rnl]?|d[aiu]|l[ae]|dos|bin|al|el|te[nr]|{_CAPITALISED})){{1,4}}"
_ONE = rf"(?:@[\w-]{{1,40}}|{_ADDRESSED}|{_PLAINLY})(?:[ \t]*\([^()\n]{{0,60}}\))?"
_LIST = re.compile(rf"{_ONE}(?:[ \t]*(?:[,;&+/]|and\b)[ \t]*{_ONE}){{0,20}}[ \t]*[.,;]?")
_ANGLED = re.compile(r"<[^<>@\s]{1,64}@[^<>@\s]{1,64}>")
_PICKED = re.compile(r"^[ \t]*\(?(?:cherry[- ]picked|backported) from (?:commit )?[0-9a-f]{7,}.*$\n?", re.I | re.M)
_MERGE = re.compile(r"^(Merge (?:pull request|PR|MR|merge request) [#!]?\d+) from \S+", re.M)
_BRANCHES = re.compile(r"(\b[Bb]ranch(?:es)? ['\"`])([\w./:-]{2,80})(?=['\"`])")
_BRANCH_PART = re.compile(r"[^\W_]+")
_BRANCH = re.compile(r"(?<![^\s'\"])[\w.]{1,40}(?:[-/:][\w.]{1,40}){1,9}")
_QUOTED = r" '[^'\n]{1,200}'"
_MERGE_REMOTE = re.compile(
    rf"^(Merge (?:(?:remote-tracking )?branch(?:es)?|commits?|tags?)(?:{_QUOTED}(?:(?:,| and){_QUOTED}){{0,9}})?) of (?=\S*[/:@.])\S+", re.M
)
# Words are bounded, so that a message of one endless word costs no more than its length.
_ADDRESS = r"(?<![\w/])(?!(?:git|hg|svn)@[\w.-]{1,80}:)[\w.+%-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){0,8}\.[A-Za-z]{2,24}\b"
_NAMED_ADDRESS = re.compile(
    rf"(?P<words>\"[^\"\n]{{1,60}}\"[ \t]{{0,9}}|(?:\b[^\W\d_][\w.'-]{{0,40}}[ \t]{{1,9}}){{0,3}})<[ \t]*{_ADDRESS}[ \t]*>|<?(?:mailto:)?{_ADDRESS}>?"
)
_SPELT_ADDRESS = re.compile(  # ``name(at)host.org``
    r"(?<![\w.+-])(?:[\w.+-]{1,64}[ \t]?[(\[]dot[)\]][ \t]?){0,3}[\w.+-]{1,64}[ \t]?[(\[]at[)\]][ \t]?[\w-]{1,64}(?:(?:\.|[ \t]?[(\[]dot[)\]][ \t]?)[\w-]{1,64}){0,8}"
    r"(?:\.|[ \t]?[(\[]dot[)\]][ \t]?)[A-Za-z]{2,24}\b"
    r"|\b[\w-]{1,40}(?:[ \t]dot[ \t][\w-]{1,40}){0,4}[ \t]at[ \t][\w-]{1,40}(?:[ \t]dot[ \t][\w-]{1,40}){1,4}\b"
    r"|(?:mailto:)?\b[\w.+-]{1,64}%40[\w-]{1,64}(?:\.[\w-]{1,64}){1,4}",
    re.I,
)
_MAY_SPELL = re.compile(r"at[)\]]|%40|[ \t]dot[ \t]", re.I)
_UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff]")  # what stands between letters and is not seen
_REVIEW = re.compile(r"(?<![\w=.-])(?P<mark>(?:r|a|rs|sr|ui-r|R|TBR)=)(?P<names>[\w.-]{2,40}(?:,[\w.-]{2,40}){0,9})")
_WROTE = re.compile(r"^((?:>[ \t]?){0,9})On (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|\d|[A-Z][a-z]{2,8} \d)[^\n]{3,200} wrote:[ \t]*$", re.M)
_FIXES = re.compile(r"(#\d{1,9}[ \t]*(?:\(|,[ \t]*))@[A-Za-z0-9][\w-]*(?=\))")
_NAME = r"[^\W\d_a-z][\w.'-]{0,40}(?:[ \t]{1,9}[^\W\d_a-z](?:\.(?=[ \t])|[\w'-]{0,40})){1,3}"
_HANDLED = rf"(?:@[A-Za-z0-9][\w-]*|{SOMEONE}\b)"
_HANDLE = re.compile(rf"(?P<before>\b(?:{CREDIT}|by[ \t]+)){_HANDLED}(?:(?:[ \t]*[,;&+/][ \t]*|,?[ \t]+and[ \t]+|[ \t]+){_HANDLED})*", re.I)
_CREDITED = re.compile(rf"(?P<before>\b(?i:{CREDIT}))(?P<name>{_NAME})(?![\w/]|\.\w)")
_VALUE = 300  # characters of a trailer that are looked at
_CALLS = re.compile(r"cc\b|ping\b", re.I)  # what programs do too
_SIGNS = re.compile(r"signed|co[ -]?auth|co[ -]?dev|acked", re.I)  # what persons alone do
_BLANK_LINES = re.compile(r"\n{3,}")


def is_bot(author: bytes) -> bool:
    """Whether this author line (``Name <address>``) is a program's."""
    name, _, address = decoded(author[:PERSON_BYTES]).partition("<")
    local = address.partition("@")[0]
    if any(map(_BOT.search, (name, local))) or "[bot]" in address or _BOT_ADDRESS.search(local):
        return True
    words = name.lower().split()
    others = [word for word in words if word not in _SHARED]
    if len(words) == 1:
        return not others and (words != ["travis"] or "travis-ci" in address)
    return len(others) < len(words) and (not others or any(map(_HELPER.match, others)))


def is_revert(message: str) -> bool:
    """Whether the message says that the commit takes another back."""
    message = message[:MAX_MESSAGE_CHARACTERS].lstrip()
    return bool(_REVERT.match(message) or _REVERT_BODY.search(message))


def cleaned(message: str, people: People) -> str:
    """The message as a row may show it; '' where only names stood."""
    text = message[:MAX_MESSAGE_CHARACTERS].replace("\r\n", "\n").replace("\0", "").lstrip()
    text = text if text.isascii() else _UNSEEN.sub("", text)
    text = _TRAILER.sub(lambda found: "" if _is_trailer(found, people) else found.group(), text)
    text = _PICKED.sub("", _MACHINE.sub("", text))
    text = _MERGE.sub(r"\1", text)
    text = _MERGE_REMOTE.sub(r"\1", text)
    if text.startswith("Merge"):
        subject, blank, body = text.partition("\n\n")
        text = _BRANCH.sub(lambda found: _unowned(found.group(), people), subject) + blank + body
    text = _BRANCHES.sub(lambda found: found[1] + _unowned(found[2], people), text) if "branch" in text else text
    text = _WROTE.sub(rf"\1{SOMEONE} wrote:", text) if " wrote:" in text else text
    text = _SPELT_ADDRESS.sub(SOMEONE, text) if _MAY_SPELL.search(text) else text
    text = _NAMED_ADDRESS.sub(lambda found: _unaddressed(found["words"] or "", people), text) if "@" in text else text
    text = _REVIEW.sub(lambda found: found["mark"] + _unreviewed(found["names"], people), text) if "=" in text else text
    text = _CREDITED.sub(lambda found: found["before"] + SOMEONE if _is_credited(found, people) else found.group(), text)
    text = people.without_names(text)
    text = _FIXES.sub(rf"\1{SOMEONE}", _HANDLE.sub(rf"\g<before>{SOMEONE}", text)) if "@" in text else text
    return _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()


def _is_trailer(found: re.Match[str], people: People) -> bool:
    """Whether a line ``key: value`` says who did something. The subject is one only where nothing but people stand behind a plain key."""
    value = found["value"][:_VALUE].strip()
    if found["told"]:
        return True
    subject = found.start() == 0
    if (found["sign"] == "-" or found["many"]) and not subject:
        return True
    if subject and not found["by"] and "@" not in value:
        return False
    if _LIST.fullmatch(value) or (not subject and _ANGLED.search(value)):
        return True
    if " " in value:
        return people.without_names(value) == SOMEONE
    return people.is_handle(value) or bool(found["by"] and not subject and value.isalnum() and value.lower() not in ordinary_words())


def _is_credited(found: re.Match[str], people: People) -> bool:
    """Whether the capitalised words behind a word of thanks are an unknown person's name, and not ordinary words (``Found by Address Sanitizer``)."""
    if _CALLS.match(found["before"]):
        return False
    return bool(_SIGNS.match(found["before"])) or not all(map(people.is_ordinary, found["name"].replace("-", " ").split()))


def _unowned(branch: str, people: People) -> str:
    """A branch's name without its owner's: ``jodoe/fix-it`` and ``jodoe-fix-it`` become ``someone/fix-it`` and ``someone-fix-it``."""
    ends = [at for at, sign in enumerate(branch) if sign in "-/:"]
    end = next((at for at in reversed(ends) if people.is_handle(branch[:at], surely=branch[at] == "-") or people.is_name(branch[:at])), 0)
    rest = _BRANCH_PART.sub(lambda found: SOMEONE if people.is_handle(found.group(), surely=True) else found.group(), branch[end:])
    return SOMEONE + rest if end else rest


def _unaddressed(words: str, people: People) -> str:
    """What stands for ``words <address>``: the words that begin with a capital and are no ordinary ones go, as they are the person's name."""
    if words.startswith('"'):
        return SOMEONE
    kept = words.split()
    while kept and (people.is_name(kept[-1]) or not (kept[-1][0].islower() or people.is_ordinary(kept[-1]))):
        kept.pop()
    return " ".join([*kept, SOMEONE])


def _unreviewed(names: str, people: People) -> str:
    return ",".join(SOMEONE if people.is_handle(name) or people.is_name(name) else name for name in names.split(","))
