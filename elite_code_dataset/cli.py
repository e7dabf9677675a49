"""The command line: ``elite-code-dataset build | show | stats | report | validate | export | push | doctor``.

In: arguments. Out: text for people on standard output, or one JSON value with ``--json``; progress and errors on standard error. Exit code 0: done;
1: the answer is no (a check fails, publishing is refused); 2: what was asked cannot work; 130: Ctrl-C. Modules that a command does not
need are not imported.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from elite_code_dataset.config import VERSION
from elite_code_dataset.records import EliteCodeError

app = typer.Typer(
    name="elite-code-dataset",
    help="Turn a git repository - its code and its whole history - into a training set for code models, and look at it.",
    epilog="Start with:\n\nelite-code-dataset build ~/src/app --out app-dataset\n\nelite-code-dataset report app-dataset",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Where = Annotated[
    str, typer.Argument(metavar="DATASET", help="Folder made by build or export, or a name on the Hub (org/name).", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value and nothing else.")]
Config = Annotated[
    str | None, typer.Option("--config", "-c", help="Only these rows: w256, w512, w1024, w2048, w4096 or edits.", show_default=False)
]


def examples(*lines: str) -> str:
    return "Examples:\n\n" + "\n\n".join(lines)


def version_asked(asked: bool) -> None:
    if asked:
        print(VERSION)
        raise typer.Exit()


@app.callback()
def common(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=version_asked, is_eager=True, help="Print the version and leave.")] = False,
) -> None:
    import datasets

    if quiet or not sys.stderr.isatty():
        datasets.disable_progress_bars()
    else:
        datasets.enable_progress_bars()


@app.command(
    epilog=examples(
        "elite-code-dataset build ~/src/app",
        "elite-code-dataset build ~/src/app --out app-dataset --windows 512,1024 --tokenizer Qwen/Qwen2.5-Coder-0.5B",
        "elite-code-dataset build service web --preset effectiveness --option since=2023-01-01 --json",
    )
)
def build(
    repositories: Annotated[
        list[str], typer.Argument(metavar="REPOSITORY...", help="Path of a git repository; several make one dataset.", show_default=False)
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the dataset.  [default: NAME-dataset]", show_default=False)
    ] = None,
    preset: Annotated[str, typer.Option(help="baseline, effectiveness or elite.")] = "elite",
    windows: Annotated[str | None, typer.Option(help="Scales, such as 512,1024.  [default: the preset's]", show_default=False)] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(help="Name or folder of a Hugging Face tokenizer.  [default: one trained on the train split]", show_default=False),
    ] = None,
    revision: Annotated[str, typer.Option(help="Branch, tag or commit.")] = "HEAD",
    include: Annotated[list[str] | None, typer.Option(help="Only paths like this; may be repeated.", show_default=False)] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="No paths like this; may be repeated.", show_default=False)] = None,
    option: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Any other option of the builder; may be repeated.", show_default=False)
    ] = None,
    num_proc: Annotated[int | None, typer.Option("--num-proc", "-j", help="Processes.  [default: 1]", min=1, show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Build a repository's training set: every window, the edits of its history, and all passes."""
    from elite_code_dataset.passes import build as built
    from elite_code_dataset.passes import save
    from elite_code_dataset.terminal import build_summary, facts_to_print

    options: dict[str, Any] = {"commit": revision, "tokenizer": tokenizer, "include": include, "exclude": exclude} | options_of(
        option or ()
    )
    options = {name: value for name, value in options.items() if value is not None}
    folder = out or Path(f"{Path(repositories[0]).expanduser().absolute().name.removesuffix('.git')}-dataset")
    scales = None if windows is None else scales_of(windows)
    ds = built(repositories[0] if len(repositories) == 1 else repositories, preset, scales, num_proc=num_proc, **options)
    place = save(ds, folder)
    if as_json:
        print_json({"folder": str(place)} | facts_to_print(ds))
    else:
        build_summary(ds, str(folder))


@app.command(
    epilog=examples(
        "elite-code-dataset show app-dataset",
        "elite-code-dataset show app-dataset --config edits --row 3",
        "elite-code-dataset show app-dataset --id 4f1c...",
    )
)
def show(
    dataset: Where,
    row: Annotated[int, typer.Option("--row", "-n", help="Which row of the split, from 0; negative ones count from the end.")] = 0,
    row_id: Annotated[
        str | None, typer.Option("--id", help="The row with this id, in any split; its beginning will do.", show_default=False)
    ] = None,
    split: Annotated[str, typer.Option("--split", "-s", help="train, validation or test.")] = "train",
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show one row: what it is, its context dimmed, its target, and for an edit what was there before."""
    from elite_code_dataset.opening import dataset_at
    from elite_code_dataset.terminal import row_at, row_shown

    found = row_at(dataset_at(dataset, config), split, row, row_id)
    print_json(found) if as_json else row_shown(found)


@app.command(epilog=examples("elite-code-dataset stats app-dataset", "elite-code-dataset stats org/name --config w1024 --json"))
def stats(dataset: Where, config: Config = None, as_json: AsJson = False) -> None:
    """Count what a dataset is made of: splits, windows, languages, roles, techniques, weights, drops."""
    from elite_code_dataset.opening import dataset_at
    from elite_code_dataset.terminal import facts_to_print, stats_shown

    ds = dataset_at(dataset, config)
    print_json(facts_to_print(ds)) if as_json else stats_shown(ds)


@app.command(epilog=examples("elite-code-dataset report app-dataset", "elite-code-dataset report app-dataset --out looks --no-png"))
def report(
    dataset: Where,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for report.html and figures/.  [default: DATASET-report]", show_default=False)
    ] = None,
    png: Annotated[bool, typer.Option("--png/--no-png", help="Also write pictures as PNG; needs matplotlib.")] = True,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Write report.html, one page with nothing to fetch: composition, drops, import graph, samples to page through."""
    from elite_code_dataset.opening import dataset_at
    from elite_code_dataset.report import report as written

    ds = dataset_at(dataset, config)
    page = written(ds, out or Path(f"{Path(dataset).name}-report"), png)
    print_json({"page": str(page)}) if as_json else print(page)


@app.command(
    epilog=examples(
        "elite-code-dataset validate app-dataset", "elite-code-dataset validate org/name --tokenizer Qwen/Qwen2.5-Coder-0.5B --json"
    )
)
def validate(
    dataset: Where,
    tokenizer: Annotated[str | None, typer.Option(help="The rows' tokenizer, if it does not lie beside them.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Check a dataset by name: schema, tokens, leakage, weights, curriculum, coverage, secrets. Exit code 1 if one fails."""
    from elite_code_dataset.terminal import checks_shown
    from elite_code_dataset.validation import failed
    from elite_code_dataset.validation import validate as validated

    found = validated(dataset, tokenizer)
    if as_json:
        print_json({"ok": not failed(found), "checks": [one.as_dict() for one in found]})
    else:
        checks_shown(found)
    if failed(found):
        raise typer.Exit(1)


@app.command(
    epilog=examples(
        "elite-code-dataset export app-dataset jsonl", "elite-code-dataset export app-dataset jsonl --config w1024 --pad-to 1024 --pad-id 0"
    )
)
def export(
    dataset: Where,
    folder: Annotated[Path, typer.Argument(help="Folder for the files.", show_default=False)],
    pad_to: Annotated[int | None, typer.Option(help="Fill every row's tokens up to so many.", min=1, show_default=False)] = None,
    pad_id: Annotated[int | None, typer.Option(help="Id of the padding token.", min=0, show_default=False)] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Write JSON Lines: training_data_train.jsonl, ..._val.jsonl, ..._test.jsonl and dataset_metadata.json."""
    from elite_code_dataset.export import METADATA_FILE, export_jsonl
    from elite_code_dataset.opening import dataset_at

    target = export_jsonl(dataset_at(dataset, config), folder, pad_to, pad_id)
    files = json.loads((target / METADATA_FILE).read_text("utf-8"))["files"]
    if as_json:
        print_json({"folder": str(target), "files": files})
    else:
        for name, one in files.items():
            print(f"{target / name}  {one['lines']:,} lines, {one['bytes']:,} bytes")


@app.command(
    epilog=examples(
        "elite-code-dataset push app-dataset org/app-code",
        "elite-code-dataset push app-dataset org/app-code --public --licence-ok",
        "elite-code-dataset push app-dataset org/app-code --dry-run preview",
    )
)
def push(
    dataset: Where,
    name: Annotated[str, typer.Argument(metavar="ORG/NAME", help="Name on the Hub.", show_default=False)],
    public: Annotated[bool, typer.Option("--public", help="Let everybody see it.  [default: private]")] = False,
    licence_ok: Annotated[
        bool, typer.Option("--licence-ok", help="I have the right to publish this code, whatever its licence files say.")
    ] = False,
    create_pr: Annotated[bool, typer.Option("--create-pr", help="Open a pull request in place of a commit.")] = False,
    dry_run: Annotated[Path | None, typer.Option(help="Send nothing; write what would be sent to this folder.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Publish on the Hub: Parquet, card, metadata. Refused (exit code 1) for secrets, an unclear licence, or leaking splits."""
    from elite_code_dataset.opening import dataset_at
    from elite_code_dataset.publish import Refused, folder_published
    from elite_code_dataset.publish import push as pushed

    ds = dataset_at(dataset)
    try:
        if dry_run is not None:
            place = folder_published(ds, dry_run, name, licence_ok)
            print_json({"folder": str(place)}) if as_json else print(place)
            return
        done = pushed(ds, name, private=not public, licence_ok=licence_ok, create_pr=create_pr)
    except Refused as refused:
        if as_json:
            print_json({"refused": list(refused.reasons)})
        for reason in refused.reasons:
            complain(f"refused: {reason}")
        raise typer.Exit(1) from None
    if as_json:
        print_json({"repo_id": done.repo_id, "url": done.url, "commit": done.commit, "rows": dict(done.rows)})
    else:
        print(f"{done.url}  {sum(done.rows.values()):,} rows in {', '.join(done.rows)}")


@app.command(epilog=examples("elite-code-dataset doctor", "elite-code-dataset doctor --json"))
def doctor(as_json: AsJson = False) -> None:
    """Say what is installed, which device and which defaults would be used, and what is missing for what."""
    from elite_code_dataset.doctor import examined
    from elite_code_dataset.terminal import doctor_shown

    found = examined()
    print_json(found) if as_json else doctor_shown(found)


def options_of(pairs: Sequence[str]) -> dict[str, Any]:
    """``["seed=3", "cut=blind"]`` as options; a value that reads as YAML is that value."""
    import yaml

    from elite_code_dataset.options import options_from

    options = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise EliteCodeError(f"--option {pair!r} has no value; expected NAME=VALUE, such as seed=3")
        try:
            read = yaml.safe_load(value)
        except yaml.YAMLError:
            read = value
        options[name.replace("-", "_")] = read if isinstance(read, (str, int, float, bool, list, type(None))) else value
    options_from(options)
    return options


def scales_of(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(one) for one in text.replace(",", " ").split())
    except ValueError:
        raise EliteCodeError(f"--windows {text!r} is not a list of numbers; expected such as 512,1024") from None


def print_json(value: Any) -> None:
    from elite_code_dataset.metadata import plain

    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=plain).encode("utf-8", "replace").decode() + "\n")


def complain(message: str) -> None:
    """One line on standard error, without what a terminal would act on."""
    line = " ".join(message.split())
    print("".join(c if c.isprintable() else "?" for c in line), file=sys.stderr)


INTERRUPTED = 130
# typer brings a click of its own from some version on, so the classes are taken from what it raises
CLICK_ERROR = next(one for one in typer.BadParameter.__mro__ if one.__name__ == "ClickException")


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point: runs a command and turns every expected failure into one line and an exit code."""
    try:
        code = app(args=list(arguments) if arguments is not None else None, prog_name="elite-code-dataset", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED  # which typer itself gives back from some version on
    except EliteCodeError as error:
        complain(f"error: {error}")
        code = 2
    except CLICK_ERROR as error:
        hint = f"; see {error.ctx.command_path} --help" if getattr(error, "ctx", None) else ""
        complain(f"error: {error.format_message().rstrip('.')}{hint}")
        code = 2
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        complain(f"error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}")
        code = 2
    if code == INTERRUPTED:
        complain("interrupted; nothing half-made was left behind")
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
