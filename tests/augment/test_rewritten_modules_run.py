"""Modules of the standard library and of installed packages, rewritten whole and run: they answer as they did before.

Each technique rewrites every file; one process per technique imports them from a folder that comes before the originals, works through
``EXERCISE`` and prints what it got. The transcript must be that of the untouched modules, line for line.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from elite_code_dataset.augment.files import file_techniques, rewritten_files
from elite_code_dataset.augment.registry import Abstained
from elite_code_dataset.languages import all_languages

STANDARD = (
    "argparse ast bisect calendar colorsys configparser csv difflib fnmatch fractions getopt glob graphlib heapq ipaddress optparse pprint "
    "shlex statistics string textwrap tokenize json html urllib email"
).split()
INSTALLED = ("packaging", "idna", "sortedcontainers")
SKIPPED_FOLDERS = {"tests", "test", "__pycache__"}
EXERCISE = """
import sys, os, random, re
for accelerator in ("_heapq", "_bisect", "_json", "_statistics"):
    sys.modules[accelerator] = None
folder = sys.argv[1]
drawn = random.Random(5)
words = "the quick brown fox jumps over the lazy dog while nine tailors sew red shirts".split()
text = " ".join(drawn.choice(words) for _ in range(400))
log = []
def say(*answers):
    log.append(re.sub("0x[0-9a-f]+|@ [0-9]+", "@", repr(answers)))
def tried(function, *arguments, **options):
    try:
        return function(*arguments, **options)
    except Exception as error:
        return type(error).__name__, str(error)
import argparse, ast, bisect, calendar, colorsys, configparser, csv, difflib, fnmatch, fractions, getopt, glob, graphlib, heapq, io, ipaddress
import json, json.decoder, json.encoder, optparse, pprint, shlex, statistics, string, textwrap, tokenize, html, html.parser, urllib.parse
import email, email.message, email.policy
for width in (10, 31, 70):
    say(textwrap.wrap(text, width), textwrap.fill(text, width, initial_indent="* ", subsequent_indent="  ", max_lines=5))
say(textwrap.dedent("  a\\n    b\\n  c"), textwrap.shorten(text, 50))
before, after = text.split(), (text + " more words").replace("fox", "wolf").split()
say(list(difflib.unified_diff(before, after)), list(difflib.ndiff(before[:60], after[:60])), difflib.get_close_matches("foxx", words))
say(difflib.SequenceMatcher(None, before, after).get_opcodes(), len(difflib.HtmlDiff().make_table(before[:20], after[:20])))
say([tried(shlex.split, one) for one in ("a 'b c' d", "a \\\\ b", "'open", 'x="y z" # c')], shlex.join(["a b", "c"]))
say([fnmatch.translate(one) for one in ("*.py", "[!a-c]?x", "a**b[")], fnmatch.filter(words, "t*"))
say(list(graphlib.TopologicalSorter({"d": {"b", "c"}, "b": {"a"}, "c": {"a"}}).static_order()), tried(graphlib.TopologicalSorter({1: {2}, 2: {1}}).prepare))
numbers = [drawn.randrange(1000) for _ in range(200)]
heap = numbers[:]; heapq.heapify(heap)
say([heapq.heappop(heap) for _ in range(50)], heapq.nlargest(9, numbers), heapq.nsmallest(9, numbers, key=lambda n: -n), list(heapq.merge([1, 4], [2, 3], reverse=False)))
say([bisect.bisect_left(sorted(numbers), n) for n in range(0, 1000, 50)], bisect.bisect_right([1, 2, 2, 3], 2, lo=1))
say(statistics.mean(numbers), statistics.median(numbers), statistics.stdev(numbers), statistics.quantiles(numbers, n=7), statistics.multimode(numbers))
say(tried(statistics.mode, []), statistics.linear_regression(range(200), numbers), statistics.NormalDist(3, 2).overlap(statistics.NormalDist(4, 1)))
say(fractions.Fraction("3.14"), fractions.Fraction(22, 7).limit_denominator(10), tried(fractions.Fraction, "x/y"), fractions.Fraction(1, 3) ** -2, divmod(fractions.Fraction(7, 2), 2))
parser = configparser.ConfigParser(); parser.read_string("[a]\\nx = 1\\ny = %(x)s2\\n[b]\\nz: on\\n  more\\n"); out = io.StringIO(); parser.write(out)
say(out.getvalue(), parser.get("a", "y"), tried(parser.getint, "b", "z"), tried(parser.read_string, "x = 1"))
for arguments in (["1", "--flag", "-o", "x"], ["--help"], ["nope"], ["1", "2", "--choose", "c"], ["-oy", "3"]):
    made = argparse.ArgumentParser(prog="prog", description=text[:99], exit_on_error=False)
    made.add_argument("number", type=int, nargs="+"); made.add_argument("--flag", action="store_true"); made.add_argument("-o", "--out", default=4)
    made.add_argument("--choose", choices=["a", "b"]); group = made.add_mutually_exclusive_group(); group.add_argument("--left"); group.add_argument("--right")
    say(made.format_help(), made.format_usage(), tried(lambda: vars(made.parse_args(arguments)) if "--help" not in arguments else None))
old = optparse.OptionParser(prog="p"); old.add_option("-n", type="int", dest="n"); old.add_option("--long", action="append")
say(old.format_help(), vars(old.parse_args(["-n", "3", "--long=a", "rest"])[0]), tried(getopt.getopt, ["-a", "--b=c", "d"], "a", ["b="]))
for name in ("textwrap", "heapq", "shlex", "fractions", "graphlib"):
    source = open(ORIGINALS[name], encoding="utf-8").read()
    tree = ast.parse(source)
    say(hash(ast.unparse(tree)) and ast.unparse(tree), len(ast.dump(tree, indent=1)), [type(node).__name__ for node in ast.walk(tree)][:400])
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    say([(token.type, token.string) for token in tokens], tokenize.untokenize([t[:2] for t in tokens])[:4000])
say(tried(ast.literal_eval, "f(x)"), ast.get_docstring(ast.parse("def f():\\n  'd'").body[0]))
deep = {"a": list(range(30)), "b": {"c": (1, {"d"}), "e": text[:90]}, "f": [{"g": n} for n in range(8)]}
say(pprint.pformat(deep), pprint.pformat(deep, width=30, compact=True, depth=2), json.dumps(deep, default=sorted, indent=2, sort_keys=True))
say([tried(json.loads, one) for one in ('{"a": [1, 2.5e3, "\\\\u00e9", null, true]}', '[1,', '{"a" 1}', '"\\\\x"', "")], json.JSONEncoder(ensure_ascii=False).encode("\\u00e9"))
out = io.StringIO(); writer = csv.DictWriter(out, ["a", "b"]); writer.writeheader(); writer.writerow({"a": "x,y", "b": 'q"'})
say(out.getvalue(), list(csv.DictReader(io.StringIO(out.getvalue()))), csv.Sniffer().sniff("a;b;c\\n1;2;3\\n4;5;6").delimiter, csv.Sniffer().has_header("name,age\\nann,3\\nbob,4"))
for address in ("192.168.1.7", "10.0.0.0/30", "2001:db8::1", "::ffff:1.2.3.4", "300.1.1.1", "fe80::/129"):
    say([tried(lambda f=f: repr(f(address))) for f in (ipaddress.ip_address, ipaddress.ip_network, ipaddress.ip_interface)])
net = ipaddress.ip_network("10.0.0.0/22"); say(list(net.subnets(new_prefix=24)), list(ipaddress.collapse_addresses(net.subnets(2))), list(net.address_exclude(ipaddress.ip_network("10.0.1.0/24"))))
say(calendar.TextCalendar().formatyear(2024, m=4), calendar.HTMLCalendar().formatmonth(2023, 2), list(calendar.Calendar(3).itermonthdates(2021, 1))[:9])
say([colorsys.rgb_to_hls(0.2, 0.4, 0.6), colorsys.hsv_to_rgb(0.7, 0.5, 0.9), colorsys.rgb_to_yiq(1, 0, 0)], string.Template("$a ${b} $$").safe_substitute(a=1), tried(string.Template("$").substitute))
say(string.capwords(text[:60]), list(string.Formatter().parse("{a!r:>{b}} c")), string.Formatter().format("{0[x]} {y.real}", {"x": 1}, y=2))
class Told(html.parser.HTMLParser):
    def handle_starttag(self, tag, attrs): say("start", tag, attrs)
    def handle_endtag(self, tag): say("end", tag)
    def handle_data(self, data): say("data", data)
    def handle_comment(self, data): say("comment", data)
told = Told(); told.feed('<p class="a b" id=x>one &amp; two<br/><!-- c --><script>if (a < b) {}</script></p><img alt=\\'"\\'><'); told.close()
say(html.unescape("&lt;&#x41;&eacute;&bogus;"), html.escape("<a href='x'>"))
for url in ("https://user:pw@host:80/a/../b;p?q=1&q=2#f", "//host/path", "mailto:a@b", "http://[::1]:8/", "http://[bad"):
    say(tried(urllib.parse.urlsplit, url), tried(urllib.parse.urlparse, url), tried(urllib.parse.urljoin, "http://a/b/c/d;p?q", url))
say(urllib.parse.quote("a b/\\u00e9?"), urllib.parse.unquote_plus("a+b%20%C3%A9"), urllib.parse.parse_qs("a=1&b=&a=2", keep_blank_values=True), urllib.parse.urlencode({"a": [1, 2]}, doseq=True))
mail = email.message_from_string("From: a@b.c\\nSubject: =?utf-8?q?caf=C3=A9?=\\nContent-Type: multipart/mixed; boundary=x\\n\\n--x\\n\\none\\n--x\\nContent-Type: text/html\\n\\n<p>\\n--x--\\n", policy=email.policy.default)
say(mail["subject"], [part.get_content_type() for part in mail.walk()], mail.as_string())
import packaging.version, packaging.specifiers, packaging.requirements, packaging.markers, packaging.tags, packaging.utils, idna, sortedcontainers
say(sorted(["1.0", "1.0rc1", "1!0.1", "2.0.post3", "1.0.dev2"], key=packaging.version.Version), tried(packaging.version.Version, "x.y"))
say(list(packaging.specifiers.SpecifierSet(">=1.2,!=1.5,<2").filter(["1.1", "1.4", "1.5", "1.9", "2.0"])), str(packaging.requirements.Requirement('a[b,c]>=1; python_version < "4" and os_name == "x"')))
say([tried(lambda one=one: packaging.markers.Marker(one).evaluate({"python_version": "3.9"})) for one in ('python_version >= "3.8"', 'python_version in "3.9 3.10" or a == "b"', "bad")])
say(packaging.utils.canonicalize_name("A.b_-C"), tried(packaging.utils.parse_wheel_filename, "a-1.0-py3-none-any.whl"), tried(packaging.utils.parse_sdist_filename, "a.zip"))
say([tried(idna.encode, one) for one in ("b\\u00fccher.example", "\\u0627\\u06cc.com", "a..b", "x" * 70, "\\u2603")], tried(idna.decode, "xn--bcher-kva.example"), idna.check_bidi("abc"))
many = sortedcontainers.SortedList(numbers, key=lambda n: n % 97); many.update(range(50)); many.discard(7)
say(list(many), list(many.irange_key(3, 9)), many.bisect_key_left(40), tried(many.remove, -1), list(many.islice(3, 20, True)))
table = sortedcontainers.SortedDict((word, n) for n, word in enumerate(words)); chosen = sortedcontainers.SortedSet(numbers); chosen &= range(500); chosen ^= {1, 2, 3}
say(table, table.peekitem(2), table.popitem(0), list(table.irange("d", "r")), chosen[3:9], chosen.isdisjoint([1]), table.setdefault("zoo", 1), repr(many)[:80])
print("\\n".join(log))
for name in REWRITTEN:
    place = sys.modules[name].__file__
    if not place.startswith(folder):
        print("NOT REWRITTEN", name, place)
"""


def sources_of(name):
    """Each file of a module or package with the place it has below the import root."""
    origin = Path(importlib.util.find_spec(name).origin)
    if origin.name != "__init__.py":
        return {origin.name: origin}
    root = origin.parent.parent
    found = sorted(path for path in origin.parent.rglob("*.py") if not SKIPPED_FOLDERS & set(path.parts))
    return {path.relative_to(root).as_posix(): path for path in found}


@pytest.fixture(scope="module")
def originals():
    return {place: path.read_bytes() for name in (*STANDARD, *INSTALLED) for place, path in sources_of(name).items()}


def transcript(folder):
    """What the exercise prints with ``folder`` before all other places to import from."""
    places = {name: importlib.util.find_spec(name).origin for name in ("textwrap", "heapq", "shlex", "fractions", "graphlib")}
    program = f"ORIGINALS = {places!r}\nREWRITTEN = {[*STANDARD, *INSTALLED]!r}\n{EXERCISE}"
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run([sys.executable, "-c", program, str(folder)], env=environment, capture_output=True, text=True, encoding="utf-8")
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout.split("\n")


def written(folder, files):
    for place, text in files.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(text)
    return folder


@pytest.fixture(scope="module")
def before(originals, tmp_path_factory):
    lines = transcript(written(tmp_path_factory.mktemp("plain"), originals))
    assert len(lines) > 60
    return lines


@pytest.mark.parametrize("technique", file_techniques())
def test_rewritten_modules_answer_as_the_original_ones(technique, originals, before, tmp_path):
    results = rewritten_files(originals, all_languages()["python"], technique)
    changed = {place: result for place, result in results.items() if not isinstance(result, Abstained)}
    least = len(originals) / (4 if technique == "type_annotations" else 2)  # many files have no type that is certain
    assert len(changed) > least, json.dumps({place: r.reason for place, r in results.items() if isinstance(r, Abstained)})
    assert transcript(written(tmp_path, originals | changed)) == before
