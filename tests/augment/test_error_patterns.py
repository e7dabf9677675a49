"""error_patterns as a table: real code, the idiom, the worse code that becomes its context; then what it leaves alone."""

import inspect
import shelve
import subprocess
import textwrap
import threading
from pathlib import Path

import pytest

from elite_code_dataset.augment.error_patterns import error_patterns, sites_by_idiom
from elite_code_dataset.augment.frames import framed, trouble_in
from elite_code_dataset.augment.idioms import idioms_of, worsened
from elite_code_dataset.augment.registry import Abstained, Helpers, Rewrite, Rng
from elite_code_dataset.languages import all_languages, tree_of


class Characters:
    """An encoder of one id a character."""

    def encode(self, texts):
        return [type("Encoding", (), {"ids": [ord(c) for c in text]}) for text in texts]


def window(code, language, scale=100_000, context="", kind="code"):
    return {
        "id": "row",
        "kind": kind,
        "language": language,
        "scale": scale,
        "text": context + code,
        "context_chars": len(context),
        "input_ids": [ord(c) for c in context + code],
    }


def made_worse(code, language_name, idiom):
    """The whole code with every place of one idiom made worse; None where the idiom does not apply."""
    language = all_languages()[language_name]
    view = framed(code, language)
    sites = sites_by_idiom(language, view).get(idiom)
    if not sites:
        return None
    worse = worsened(view.source, view.first, view.last, sites)
    assert trouble_in(tree_of(view.source[: view.first] + worse.encode() + view.source[view.last :], language)) <= view.trouble, worse
    return worse


def code(text):
    return textwrap.dedent(text).lstrip("\n")


def inside(template, body):
    """A statement inside a function: the body's lines indented as the hole is."""
    head, tail = template.split("@\n")
    indent = head.rsplit("\n", 1)[-1]
    return head.removesuffix(indent) + textwrap.indent(code(body), indent) + tail


RUST = "fn f() {\n    @\n}\n"
GO = "package p\n\nfunc f() error {\n\t@\n\treturn nil\n}\n"
JAVA = "class A {\n    void f() {\n        @\n    }\n}\n"
CSHARP = "class A {\n    async Task F() {\n        @\n    }\n}\n"
KOTLIN = "fun f(): Int? {\n    @\n    return 1\n}\n"
JS = "async function f() {\n  @\n}\n"
C = "int f(void) {\n    @\n    return 0;\n}\n"
CPP = "void f() {\n    @\n}\n"
SWIFT = "func f() throws {\n    @\n}\n"
PLAIN = "@\n"
PHP = "<?php\nfunction f() {\n    @\n}\n"

TABLE = [
    # Rust
    ("rust", RUST, "unwrap_for_question_mark", "let x = a.open(p)?;\n", "let x = a.open(p).unwrap();\n"),
    ("rust", RUST, "unwrap_for_question_mark", "a()?.b()?.c();\n", "a().unwrap().b().unwrap().c();\n"),
    ("rust", RUST, "unwrap_for_question_mark", "let x = get(url).await?;\n", "let x = get(url).await.unwrap();\n"),
    ("rust", RUST, "unwrap_for_ok_or", "let x = it.next().ok_or(Error::Empty)?;\n", "let x = it.next().unwrap();\n"),
    ("rust", RUST, "unwrap_for_ok_or", "let x = m.get(k).ok_or_else(|| missing(k))?;\n", "let x = m.get(k).unwrap();\n"),
    ("rust", RUST, "dropped_map_err", "let x = read(p).map_err(|e| Error::Read(p, e))?;\n", "let x = read(p)?;\n"),
    ("rust", RUST, "dropped_context", 'let x = read(p).with_context(|| format!("in {p}"))?;\n', "let x = read(p)?;\n"),
    ("rust", RUST, "unwrap_for_expect", 'let x = m.get(k).expect("keys are inserted above");\n', "let x = m.get(k).unwrap();\n"),
    ("rust", RUST, "unwrap_for_default", "let x = s.parse().unwrap_or(80);\n", "let x = s.parse().unwrap();\n"),
    ("rust", RUST, "unwrap_for_default", "let x = s.parse().unwrap_or_else(|_| port());\n", "let x = s.parse().unwrap();\n"),
    (
        "rust",
        RUST,
        "unwrap_for_let_else",
        "let Some(x) = it.next() else { return };\nuse_it(x);\n",
        "let x = it.next().unwrap();\nuse_it(x);\n",
    ),
    (
        "rust",
        RUST,
        "unwrap_for_match",
        "let x = match g() {\n    Ok(v) => v,\n    Err(e) => return Err(e.into()),\n};\n",
        "let x = g().unwrap();\n",
    ),
    ("rust", RUST, "swallowed_error", 'if let Err(e) = flush() {\n    warn!("{e}");\n}\ndone();\n', "let _ = flush();\ndone();\n"),
    (
        "rust",
        RUST,
        "swallowed_error",
        "match flush() {\n    Ok(()) => {}\n    Err(e) => {\n        log(e);\n    }\n}\ndone();\n",
        "match flush() {\n    Ok(()) => {}\n    Err(e) => {}\n}\ndone();\n",
    ),
    ("rust", RUST, "panic_for_err", "if bad {\n    return Err(Error::Bad);\n}\n", 'if bad {\n    panic!("{:?}", Error::Bad);\n}\n'),
    # Python
    ("python", PLAIN, "bare_except", "try:\n    a()\nexcept KeyError:\n    b()\n", "try:\n    a()\nexcept:\n    b()\n"),
    ("python", PLAIN, "bare_except", "try:\n    a()\nexcept (A, B) as e:\n    b()\n", "try:\n    a()\nexcept:\n    b()\n"),
    (
        "python",
        PLAIN,
        "broad_except",
        "try:\n    a()\nexcept (A, B) as e:\n    b(e)\n",
        "try:\n    a()\nexcept Exception as e:\n    b(e)\n",
    ),
    ("python", PLAIN, "swallowed_exception", "try:\n    a()\nexcept A:\n    log()\n    b()\n", "try:\n    a()\nexcept A:\n    pass\n"),
    (
        "python",
        PLAIN,
        "dropped_raise_from",
        "try:\n    a()\nexcept A as e:\n    raise B('x') from e\n",
        "try:\n    a()\nexcept A as e:\n    raise B('x')\n",
    ),
    (
        "python",
        PLAIN,
        "open_without_with",
        "def f(p):\n    with open(p, 'w') as f:\n        f.write(x)\n\n        f.write(y)\n    z()\n",
        "def f(p):\n    f = open(p, 'w')\n    f.write(x)\n\n    f.write(y)\n    f.close()\n    z()\n",
    ),
    (
        "python",
        PLAIN,
        "open_without_with",
        "def f(p):\n    with p.open() as f:\n        return f.read()\n",
        "def f(p):\n    f = p.open()\n    return f.read()\n",
    ),
    (
        "python",
        PLAIN,
        "acquire_without_with",
        "with self._lock:\n    self.n += 1\n",
        "self._lock.acquire()\nself.n += 1\nself._lock.release()\n",
    ),
    ("python", PLAIN, "dropped_finally", "try:\n    a()\nfinally:\n    b()\nc()\n", "a()\nb()\nc()\n"),
    ("python", PLAIN, "assert_for_raise", "if not x:\n    raise ValueError('x')\n", "assert x\n"),
    # Go
    ("go", GO, "ignored_error", "x, err := g()\nif err != nil {\n\treturn err\n}\nuse(x)\n", "x, _ := g()\nuse(x)\n"),
    ("go", GO, "ignored_error", "err := g()\nif err != nil {\n\treturn err\n}\n", "_ = g()\n"),
    ("go", GO, "ignored_error", "_, err = w.Write(b)\nif err != nil {\n\treturn err\n}\n", "_, _ = w.Write(b)\n"),
    ("go", GO, "ignored_error", "if err := g(); err != nil {\n\treturn err\n}\n", "_ = g()\n"),
    ("go", GO, "panic_for_error", "if err != nil {\n\treturn err\n}\n", "if err != nil {\n\tpanic(err)\n}\n"),
    ("go", GO, "verb_v_for_w", 'return fmt.Errorf("open %s: %w", p, err)\n', 'return fmt.Errorf("open %s: %v", p, err)\n'),
    ("go", GO, "dropped_wrapping", 'return fmt.Errorf("open %s: %w", p, err)\n', "return err\n"),
    ("go", GO, "dropped_wrapping", 'return errors.Wrap(err, "open")\n', "return err\n"),
    ("go", GO, "dropped_defer", "f := g()\ndefer f.Close()\nuse(f)\n", "f := g()\nuse(f)\n"),
    ("go", GO, "compared_error", "if errors.Is(err, io.EOF) {\n}\n", "if err == io.EOF {\n}\n"),
    ("go", GO, "compared_error", "if !errors.Is(err, io.EOF) {\n}\n", "if err != io.EOF {\n}\n"),
    # Java
    (
        "java",
        JAVA,
        "close_without_try",
        "try (Reader r = new Reader(p)) {\n    r.read();\n    s();\n}\n",
        "Reader r = new Reader(p);\nr.read();\ns();\nr.close();\n",
    ),
    (
        "java",
        JAVA,
        "close_without_try",
        "try (Reader r = new Reader(p)) {\n    r.read();\n} catch (E e) {\n    b();\n}\n",
        "try {\n    Reader r = new Reader(p);\n    r.read();\n    r.close();\n} catch (E e) {\n    b();\n}\n",
    ),
    (
        "java",
        JAVA,
        "broad_catch",
        "try {\n    a();\n} catch (A | B e) {\n    b();\n}\n",
        "try {\n    a();\n} catch (Exception e) {\n    b();\n}\n",
    ),
    ("java", JAVA, "swallowed_exception", "try {\n    a();\n} catch (A e) {\n    b();\n}\n", "try {\n    a();\n} catch (A e) {\n}\n"),
    (
        "java",
        JAVA,
        "dropped_cause",
        'try {\n    a();\n} catch (A e) {\n    throw new B("m", e);\n}\n',
        'try {\n    a();\n} catch (A e) {\n    throw new B("m");\n}\n',
    ),
    # C#
    ("csharp", CSHARP, "dropped_using", "using (var r = Open(p)) {\n    r.Read();\n}\n", "var r = Open(p);\nr.Read();\n"),
    ("csharp", CSHARP, "dropped_using", "using var r = Open(p);\nr.Read();\n", "var r = Open(p);\nr.Read();\n"),
    (
        "csharp",
        CSHARP,
        "broad_catch",
        "try {\n    A();\n} catch (IOException e) {\n    B();\n}\n",
        "try {\n    A();\n} catch (Exception e) {\n    B();\n}\n",
    ),
    ("csharp", CSHARP, "swallowed_exception", "try {\n    A();\n} catch (E e) {\n    B();\n}\n", "try {\n    A();\n} catch (E e) {\n}\n"),
    (
        "csharp",
        CSHARP,
        "dropped_cause",
        'try {\n    A();\n} catch (E e) {\n    throw new X("m", e);\n}\n',
        'try {\n    A();\n} catch (E e) {\n    throw new X("m");\n}\n',
    ),
    (
        "csharp",
        CSHARP,
        "lost_stack_trace",
        "try {\n    A();\n} catch (E e) {\n    B();\n    throw;\n}\n",
        "try {\n    A();\n} catch (E e) {\n    B();\n    throw e;\n}\n",
    ),
    ("csharp", CSHARP, "missing_await", "await SaveAsync();\n", "SaveAsync();\n"),
    ("csharp", CSHARP, "null_forgiven", "var x = Find(k) ?? throw new E();\n", "var x = Find(k)!;\n"),
    # Kotlin
    ("kotlin", KOTLIN, "assertion_for_elvis", "val x = g() ?: return null\n", "val x = g()!!\n"),
    ("kotlin", KOTLIN, "assertion_for_elvis", 'val x = m[k] ?: throw E("m")\n', "val x = m[k]!!\n"),
    ("kotlin", KOTLIN, "let_for_use", "open(p).use { it.read() }\n", "open(p).let { it.read() }\n"),
    (
        "kotlin",
        KOTLIN,
        "broad_catch",
        "try {\n    a()\n} catch (e: LinkError) {\n    b()\n}\n",
        "try {\n    a()\n} catch (e: Throwable) {\n    b()\n}\n",
    ),
    (
        "kotlin",
        KOTLIN,
        "broad_catch",
        "try {\n    a()\n} catch (e: IOException) {\n    b()\n}\n",
        "try {\n    a()\n} catch (e: Exception) {\n    b()\n}\n",
    ),
    ("kotlin", KOTLIN, "swallowed_exception", "try {\n    a()\n} catch (e: E) {\n    b()\n}\n", "try {\n    a()\n} catch (e: E) {\n}\n"),
    (
        "kotlin",
        KOTLIN,
        "dropped_cause",
        'try {\n    a()\n} catch (e: E) {\n    throw X("m", e)\n}\n',
        'try {\n    a()\n} catch (e: E) {\n    throw X("m")\n}\n',
    ),
    # C
    ("c", C, "ignored_return_code", "if (write_all(fd, b) != 0)\n    return -1;\n", "write_all(fd, b);\n"),
    ("c", C, "ignored_return_code", "if ((rc = open_db(p)) < 0) {\n    log(rc);\n    goto fail;\n}\n", "rc = open_db(p);\n"),
    ("c", C, "unchecked_allocation", "p = malloc(n);\nif (!p)\n    return -1;\nuse(p);\n", "p = malloc(n);\nuse(p);\n"),
    (
        "c",
        C,
        "unchecked_allocation",
        "char *p = strdup(s);\nif (p == NULL) {\n    return -ENOMEM;\n}\nuse(p);\n",
        "char *p = strdup(s);\nuse(p);\n",
    ),
    ("c", C, "return_for_goto", "if (bad)\n    goto out_free;\n", "if (bad)\n    return -1;\n"),
    # C++
    (
        "cpp",
        CPP,
        "catch_all",
        "try {\n    a();\n} catch (const std::exception& e) {\n    b();\n}\n",
        "try {\n    a();\n} catch (...) {\n    b();\n}\n",
    ),
    (
        "cpp",
        CPP,
        "swallowed_exception",
        "try {\n    a();\n} catch (const E& e) {\n    b(e);\n}\n",
        "try {\n    a();\n} catch (const E& e) {\n}\n",
    ),
    ("cpp", CPP, "raw_new", "auto p = std::make_unique<Foo>(1, x);\n", "auto p = new Foo(1, x);\n"),
    ("cpp", CPP, "manual_lock", "std::lock_guard<std::mutex> lock(mutex_);\nn++;\n", "mutex_.lock();\nn++;\n"),
    ("cpp", CPP, "ignored_return_code", "if (write_all(fd, b) != 0) {\n    return -1;\n}\n", "write_all(fd, b);\n"),
    # the long tail
    ("ruby", PLAIN, "broad_rescue", "begin\n  a\nrescue IOError => e\n  b\nend\n", "begin\n  a\nrescue Exception => e\n  b\nend\n"),
    ("ruby", PLAIN, "dropped_bang", "user.save!\n", "user.save\n"),
    (
        "php",
        PHP,
        "broad_catch",
        "try {\n    a();\n} catch (IOError $e) {\n    b();\n}\n",
        "try {\n    a();\n} catch (\\Throwable $e) {\n    b();\n}\n",
    ),
    ("php", PHP, "swallowed_exception", "try {\n    a();\n} catch (E $e) {\n    b();\n}\n", "try {\n    a();\n} catch (E $e) {\n}\n"),
    (
        "php",
        PHP,
        "dropped_cause",
        "try {\n    a();\n} catch (E $e) {\n    throw new X('m', 0, $e);\n}\n",
        "try {\n    a();\n} catch (E $e) {\n    throw new X('m', 0);\n}\n",
    ),
    ("swift", SWIFT, "forced_try", "let x = try load(p)\n", "let x = try! load(p)\n"),
    ("swift", SWIFT, "forced_unwrap", "guard let x = find(k) else { return }\nuse(x)\n", "let x = find(k)!\nuse(x)\n"),
    ("scala", "object A {\n  @\n}\n", "get_for_default", "val x = o.getOrElse(3)\n", "val x = o.get\n"),
    (
        "scala",
        "object A {\n  @\n}\n",
        "fatal_caught",
        "def f = try { a() } catch {\n  case NonFatal(e) => b(e)\n}\n",
        "def f = try { a() } catch {\n  case e: Throwable => b(e)\n}\n",
    ),
    ("bash", PLAIN, "ignored_status", 'cd "$d" || exit 1\nls\n', 'cd "$d"\nls\n'),
    ("bash", PLAIN, "dropped_errexit", "set -euo pipefail\nls\n", "ls\n"),
]
TABLE += [
    (language, JS, idiom, before, after)
    for language in ("javascript", "typescript", "tsx")
    for idiom, before, after in [
        (
            "missing_await",
            "try {\n  return await load();\n} catch (e) {\n  b(e);\n}\n",
            "try {\n  return load();\n} catch (e) {\n  b(e);\n}\n",
        ),
        ("swallowed_exception", "try {\n  a();\n} catch (e) {\n  b(e);\n}\n", "try {\n  a();\n} catch (e) {\n}\n"),
        ("unhandled_rejection", "load().then(show).catch((e) => log(e));\n", "load().then(show);\n"),
        ("dropped_cause", "throw new Error('m', { cause: e });\n", "throw new Error('m');\n"),
        ("string_thrown", "throw new TypeError(`no ${x}`);\n", "throw `no ${x}`;\n"),
        ("dropped_finally", "try {\n  a();\n} finally {\n  b();\n}\n", "a();\nb();\n"),
        ("unchecked_error", "if (err) return done(err);\nnext();\n", "next();\n"),
    ]
]

ALONE = [
    ("rust", RUST, "unwrap_for_question_mark", "let x = a.unwrap();\n"),
    ("rust", RUST, "unwrap_for_question_mark", "my_macro!(a?);\n"),
    ("rust", RUST, "unwrap_for_question_mark", 'let s = "a?";\n'),
    ("rust", RUST, "unwrap_for_expect", "parser.expect(Token::Comma);\n"),
    ("rust", RUST, "unwrap_for_let_else", "let Point { x, y } = p else { return };\n"),
    ("rust", RUST, "unwrap_for_match", "let x = match g() {\n    Ok(v) => v + 1,\n    Err(e) => return Err(e),\n};\n"),
    ("rust", RUST, "unwrap_for_match", "let x = match g() {\n    Ok(v) => v,\n    Err(e) => fallback(e),\n};\n"),
    ("rust", RUST, "swallowed_error", "if let Err(e) = flush() {\n    log(e);\n} else {\n    b();\n}\ndone();\n"),
    ("rust", RUST, "swallowed_error", "match flush() {\n    Ok(n) => n,\n    Err(e) => {\n        log(e)\n    }\n}\n"),
    ("rust", RUST, "panic_for_err", "return Ok(x);\n"),
    (
        "python",
        PLAIN,
        "bare_except",
        "try:\n    a()\nexcept A:\n    b()\nexcept B:\n    c()\nelse:\n    d()\n",
        "except A:\n    b()\nexcept:",
    ),
    ("python", PLAIN, "bare_except", "try:\n    a()\nexcept A as e:\n    b(e)\n"),
    ("python", PLAIN, "bare_except", "try:\n    a()\nexcept BaseException:\n    b()\n"),
    ("python", PLAIN, "broad_except", "try:\n    a()\nexcept Exception as e:\n    b(e)\n"),
    ("python", PLAIN, "broad_except", "try:\n    a()\nexcept (A, KeyboardInterrupt):\n    b()\n"),
    ("python", PLAIN, "swallowed_exception", "try:\n    a()\nexcept A:\n    pass\n"),
    ("python", PLAIN, "dropped_raise_from", "raise B from None\n"),
    ("python", PLAIN, "open_without_with", "with suppress(A) as f:\n    b()\n"),
    ("python", PLAIN, "open_without_with", "with open(a) as f, open(b) as g:\n    b()\n"),
    ("python", PLAIN, "open_without_with", "async def f():\n    async with open(a) as f:\n        b()\n"),
    ("python", PLAIN, "open_without_with", "with open(a) as f:\n    f.write('''\n    x\n    ''')\n"),
    ("python", PLAIN, "dropped_finally", "try:\n    a()\nexcept A:\n    b()\nfinally:\n    c()\n"),
    ("python", PLAIN, "assert_for_raise", "if not x:\n    raise A\nelse:\n    b()\n"),
    ("go", GO, "ignored_error", "x, ok := g()\nif !ok {\n\treturn err\n}\n"),
    ("go", GO, "ignored_error", "x, err := g()\nif err2 != nil {\n\treturn err2\n}\n"),
    ("go", GO, "ignored_error", "x, err := g()\nif err != nil {\n\treturn err\n} else {\n\tuse(x)\n}\n"),
    ("go", GO, "dropped_wrapping", 'return fmt.Errorf("open %s: %v", p, err)\n'),
    ("go", GO, "verb_v_for_w", 'fmt.Printf("%w", err)\n'),
    ("go", GO, "dropped_defer", "defer trace()\n"),
    ("go", GO, "compared_error", "if strings.Is(a, b) {\n}\n"),
    ("java", JAVA, "broad_catch", "try {\n    a();\n} catch (Exception e) {\n    b();\n}\n"),
    ("java", JAVA, "swallowed_exception", "try {\n    a();\n} catch (A e) {\n    // nothing\n}\n"),
    ("java", JAVA, "dropped_cause", 'throw new B("m", other);\n'),
    ("java", JAVA, "dropped_cause", 'try {\n    a();\n} catch (A e) {\n    throw new B(e, "m");\n}\n'),
    ("java", JAVA, "close_without_try", "try (A a = b(); C c = d()) {\n    e();\n}\n"),
    ("csharp", CSHARP, "lost_stack_trace", "try {\n    A();\n} catch (E) {\n    throw;\n}\n"),
    ("csharp", CSHARP, "missing_await", "var x = await Load();\n"),
    ("csharp", CSHARP, "dropped_using", "var r = Open(p);\n"),
    ("kotlin", KOTLIN, "assertion_for_elvis", "val x = g() ?: 3\n"),
    ("kotlin", KOTLIN, "let_for_use", "open(p).run { read() }\n"),
    ("c", C, "ignored_return_code", "if (strcmp(a, b) != 0)\n    return -1;\n"),
    ("c", C, "ignored_return_code", "if (write_all(fd, b) != 0)\n    n++;\n"),
    ("c", C, "ignored_return_code", "if (count(x) == 3)\n    return -1;\n"),
    ("c", C, "unchecked_allocation", "p = malloc(n);\nif (!q)\n    return -1;\n"),
    ("c", C, "return_for_goto", "goto again;\n"),
    ("cpp", CPP, "catch_all", "try {\n    a();\n} catch (const E& e) {\n    b(e);\n}\n"),
    ("cpp", CPP, "raw_new", "std::unique_ptr<Foo> p = std::make_unique<Foo>();\n"),
    ("cpp", CPP, "manual_lock", "std::vector<int> v(10);\n"),
    ("ruby", PLAIN, "broad_rescue", "begin\n  a\nrescue => e\n  b\nend\n"),
    ("php", PHP, "broad_catch", "try {\n    a();\n} catch (\\Throwable $e) {\n    b();\n}\n"),
    ("swift", SWIFT, "forced_try", "let x = try? load(p)\n"),
    ("scala", "object A {\n  @\n}\n", "get_for_default", "val x = o.map(3)\n"),
    ("bash", PLAIN, "ignored_status", "test -f x || touch x\n"),
]
ALONE += [
    (language, JS, idiom, alone)
    for language in ("javascript", "typescript", "tsx")
    for idiom, alone in [
        ("missing_await", "const x = await load();\n"),
        ("missing_await", "try {\n  a();\n} catch (e) {\n  await b(e);\n}\n"),
        ("missing_await", "try {\n  xs.map(async (x) => await load(x));\n} catch (e) {\n  b(e);\n}\n"),
        ("missing_await", "try {\n  await load();\n} finally {\n  b();\n}\n"),
        ("unhandled_rejection", "pattern.catch(3);\n"),
        ("dropped_cause", "throw new Error('m', { code: e });\n"),
        ("string_thrown", "throw new TypeError(x, y);\n"),
        ("unchecked_error", "if (err) log(err);\n"),
        ("unchecked_error", "if (ready) return done();\n"),
    ]
]


@pytest.mark.parametrize(("language", "template", "idiom", "before", "after"), TABLE)
def test_real_code_is_made_worse_in_just_this_way(language, template, idiom, before, after):
    assert made_worse(inside(template, before), language, idiom) == inside(template, after)


@pytest.mark.parametrize("case", ALONE, ids=lambda case: f"{case[0]}-{case[2]}")
def test_what_is_not_certain_is_left_alone(case):
    language, template, idiom, before = case[:4]
    worse = made_worse(inside(template, before), language, idiom)
    assert worse is None if len(case) == 4 else case[4] in worse


@pytest.mark.parametrize(("language", "template", "idiom", "before", "after"), TABLE)
def test_the_worse_code_is_context_and_the_target_is_the_real_code(language, template, idiom, before, after):
    real, worse = inside(template, before), inside(template, after)
    row = window(real, language, context="")
    made = [error_patterns(row, all_languages()[language], Rng(seed), Helpers(Characters())) for seed in range(40)]
    assert all(isinstance(one, Rewrite) for one in made)
    assert {one.text[one.context_chars :] for one in made} == {real}
    of_idiom = [one for one in made if one.idiom == idiom]
    assert of_idiom and all(worse in one.text[: one.context_chars] for one in of_idiom)
    assert {one.verified for one in made} == {"parses"}


def test_every_language_of_the_table_has_all_its_idioms_shown():
    shown = {(language, idiom) for language, _, idiom, _, _ in TABLE}
    inherited = {("cpp", "unchecked_allocation"), ("cpp", "return_for_goto")}
    declared = {(name, idiom.name) for name, language in all_languages().items() for idiom in idioms_of(language)}
    assert declared - inherited == shown
    assert {"rust", "python", "go", "java", "csharp", "kotlin", "javascript", "typescript", "c"} <= {language for language, _ in shown}


def test_the_block_is_marked_in_comments_and_stands_after_the_rows_own_context():
    context = "// src/a.rs\nimpl A {\n"
    made = error_patterns(
        window("fn f() -> R {\n    g()?;\n    Ok(())\n}\n", "rust", context=context), all_languages()["rust"], Rng(1), Helpers()
    )
    assert made.text == code(
        """
        // src/a.rs
        impl A {
        // Error handling to improve (unwrap for question mark):
        fn f() -> R {
            g().unwrap();
            Ok(())
        }
        // Improved:
        fn f() -> R {
            g()?;
            Ok(())
        }
        """
    )


LONG = "fn first() {\n    one();\n    two();\n    three();\n}\n\nfn second() -> R {\n    four();\n    let x = five()?;\n    six(x)\n}\n"


@pytest.mark.parametrize(
    ("room", "block"),
    [
        (400, LONG.replace("?", ".unwrap()")),
        (160, "fn second() -> R {\n    four();\n    let x = five().unwrap();\n    six(x)\n}\n"),
        (110, "    let x = five().unwrap();\n"),
    ],
)
def test_the_block_narrows_until_the_row_fits_its_scale(room, block):
    made = error_patterns(window(LONG, "rust", scale=len(LONG) + room), all_languages()["rust"], Rng(1), Helpers(Characters()))
    assert made.text == "// Error handling to improve (unwrap for question mark):\n" + block + "// Improved:\n" + LONG
    assert len(made.text) <= len(LONG) + room


def test_lines_of_the_context_make_room_farthest_first():
    context = "// far away far away\n// near\n"
    full = window("fn f() { g()?; }\n", "rust", context=context)
    needed = len(
        error_patterns(full | {"context_chars": 0, "text": full["text"][len(context) :]}, all_languages()["rust"], Rng(1), Helpers()).text
    )
    made = error_patterns(full | {"scale": needed + len("// near\n")}, all_languages()["rust"], Rng(1), Helpers(Characters()))
    assert made.text.startswith("// near\n// Error")


def test_a_block_that_would_be_empty_widens_instead():
    context = "\n".join(f"// {i}" for i in range(40)) + "\n"
    code = "func f() {\n\tg()\n\tdefer m.Unlock()\n\th()\n}\n"
    made = error_patterns(window(code, "go", context=context, scale=len(code) + 120), all_languages()["go"], Rng(1), Helpers(Characters()))
    assert made.text.endswith("):\nfunc f() {\n\tg()\n\th()\n}\n// Improved:\n" + code)
    assert error_patterns(window(code, "go", scale=len(code) + 65), all_languages()["go"], Rng(1), Helpers(Characters())) == Abstained(
        "no_room"
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (window("fn f() {}\n", "rust"), "no_error_handling"),
        (window("fn f() { g()?; }\n", "rust", scale=20), "no_room"),
        (window("fn f() { g()?; }\n", "rust", kind="edit"), "not_code"),
        (window("# Title\n", "markdown"), "no_idioms"),
        (window("} ) = ? g()? ] fn ((\n", "rust"), "unreadable"),
    ],
)
def test_it_abstains_and_says_why(row, reason):
    assert error_patterns(row, all_languages()[row["language"]], Rng(1), Helpers(Characters())) == Abstained(reason)


def test_the_same_row_and_seed_give_the_same_repair():
    source = "fn f() -> R {\n    a()?;\n    b().unwrap_or(1);\n    return Err(x);\n}\n"
    apply = lambda seed: error_patterns(window(source, "rust"), all_languages()["rust"], Rng(seed), Helpers(Characters()))  # noqa: E731
    assert apply(3) == apply(3)
    assert len({apply(seed).idiom for seed in range(20)}) == 3


def pieces(text, lines):
    """A file in pieces of so many lines: most of them are no whole function."""
    rows = text.splitlines(keepends=True)
    return ["".join(rows[i : i + lines]) for i in range(0, len(rows), lines)]


@pytest.mark.parametrize("name", sorted(name for name, language in all_languages().items() if idioms_of(language)))
def test_on_real_files_however_they_are_cut_no_block_parses_worse_and_no_target_changes(name):
    language = all_languages()[name]
    folder = Path(__file__).parents[1] / "languages" / "samples"
    texts = [path.read_text() for path in sorted(folder.iterdir()) if path.suffix in language.suffixes]
    texts += [inspect.getsource(one) for one in (subprocess, shelve, threading)] if name == "python" else []
    texts += [inside(template, before) for of, template, _, before, _ in TABLE if of == name]
    made = 0
    for piece in [piece for text in texts for lines in (1000, 30, 11) for piece in pieces(text, lines)]:
        rewrite = error_patterns(window(piece, name), language, Rng(1, piece), Helpers())
        if isinstance(rewrite, Abstained):
            continue
        made += 1
        first, *block, last = rewrite.text[: rewrite.context_chars].splitlines(keepends=True)
        assert rewrite.text[rewrite.context_chars :] == piece
        assert "Error handling to improve" in first and "Improved" in last
        assert framed("".join(block), language).trouble <= framed(piece, language).trouble
        assert "".join("".join(block).split()) != "".join(piece.split())
    assert made >= 2


def test_a_return_for_a_goto_takes_its_type_from_the_real_function_only():
    body = "        if (addl == rvl_error) { goto _output_error; }\n        length += addl;\n    }\n}\n"
    assert made_worse(body, "c", "return_for_goto") is None
    whole = "int f(int addl) {\n    {\n" + body + ""
    assert "{ return -1; }" in made_worse(whole, "c", "return_for_goto")


@pytest.mark.parametrize(
    "statement",
    [
        "if (Significand() == 0) return -0.0;",
        "if (Significand() == 0) return -1;",
        "if (exponent() != 0) return -1;",
        "if (width(x) > 0) return -1;",
        "if (width(x) != 0) return width_of(x);",
        "if (width(x) < 0) x = 1;",
    ],
)
@pytest.mark.parametrize("language", ["c", "cpp"])
def test_an_ordinary_value_is_no_return_code(statement, language):
    assert made_worse("int f(int x) {\n    " + statement + "\n    return 0;\n}\n", language, "ignored_return_code") is None


@pytest.mark.parametrize(
    "branch", ["return -1;", "goto out;", "throw Failure(x);", 'fprintf(stderr, "no");', "log_error(x);", "return kErr_INVALID;"]
)
def test_a_code_that_is_handled_as_a_failure_is_one(branch):
    before = "int f(int x) {\n    if (store(x) < 0) " + branch + "\n    return 0;\n}\n"
    assert "    store(x);\n" in made_worse(before, "cpp", "ignored_return_code")


NOT_COMPILING = {
    "declared and not used": """
func conv(ss []string) []int64 {
	out := make([]int64, len(ss))
	for i, d := range ss {
		var err error
		out[i], err = strconv.ParseInt(d, 0, 64)
		if err != nil {
			log.Fatal(err)
		}
	}
	return out
}
""",
    "undefined": """
func t(t *testing.T) {
	err := fs.Parse(a)
	if err != nil {
		t.Fatal(err)
	}
	err = fs.Parse(b)
	if err == nil {
		t.Fatal("x")
	}
}
""",
    "no new variables": """
func t(n int) int {
	n, err := read(n)
	if err != nil {
		return 0
	}
	return n
}
""",
    "used in the branch alone": """
func t() int {
	m, err := read()
	if err != nil {
		return m
	}
	return 0
}
""",
}


@pytest.mark.parametrize("source", NOT_COMPILING.values(), ids=NOT_COMPILING)
def test_go_that_would_not_compile_is_not_shown(source):
    assert made_worse(code(source), "go", "ignored_error") is None


def test_a_deferred_call_is_kept_where_it_is_the_only_use_of_a_variable():
    before = "func f() {\n\tctx, cancel := with(c)\n\tdefer cancel()\n\th(ctx)\n}\n"
    assert made_worse(before, "go", "dropped_defer") is None
    assert "defer" not in made_worse(before.replace("h(ctx)", "h(ctx, cancel)"), "go", "dropped_defer")
