"""Complete code with a trained model: ``python recipes/generate.py runs/tiny --prompt 'fn main() {'`` or ``--at src/lib.rs:120``.

In: a folder that ``recipes/train.py`` wrote, or any model; a prompt, or a line of a file (what stands before it is the prompt, and with
``--fill`` what stands after it as well). Out: the completion on stdout. ``--merge FOLDER`` writes a plain model folder instead, an adapter merged into it.
Costs what the model costs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from transformers import PreTrainedTokenizerBase
from transformers.utils import logging

from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.tokens import Encoder
from recipes.arguments import device_of
from recipes.models import load_trained


def completion(
    model: Any, tokenizer: PreTrainedTokenizerBase, before: str, after: str = "", tokens: int = 64, temperature: float = 0.0, seed: int = 0
) -> str:
    """What the model writes after ``before`` (and before ``after``, with a tokenizer that has fill-in-the-middle tokens); greedy at temperature 0."""
    ids = prompt_ids(tokenizer, before, after, _positions(model) - tokens)
    torch.manual_seed(seed)
    sampling = {"do_sample": True, "temperature": temperature} if temperature > 0 else {"do_sample": False}
    given = torch.tensor([ids], device=model.device)
    model.eval()
    with torch.no_grad():
        made = model.generate(
            input_ids=given,
            attention_mask=torch.ones_like(given),
            max_new_tokens=tokens,
            pad_token_id=tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id,
            use_cache=True,
            **sampling,
        )
    return tokenizer.decode(made[0, len(ids) :], skip_special_tokens=True, clean_up_tokenization_spaces=False)


def prompt_ids(tokenizer: PreTrainedTokenizerBase, before: str, after: str, room: int) -> list[int]:
    """The prompt as token ids, at most ``room`` of them: the end of what stands before, and the beginning of what stands after.

    Encoded as the rows were: text never becomes a special token.
    """
    if room < 8:
        raise EliteCodeError(f"the model has room for {max(0, room)} tokens beside the completion; ask for fewer tokens with --tokens")
    encoder = Encoder.of(tokenizer, tokenizer.name_or_path)
    ids = encoder.ids(before)
    if not after:
        return ids[-room:] or [_start(tokenizer)]
    if encoder.fim is None:
        raise EliteCodeError(f"the tokenizer of {tokenizer.name_or_path} has no fill-in-the-middle tokens; leave out --fill")
    later = encoder.ids(after)[: (room - 3) // 3]
    return [encoder.fim.prefix, *ids[-(room - 3 - len(later)) :], encoder.fim.suffix, *later, encoder.fim.middle]


def place(text: str, root: str = ".") -> tuple[str, str]:
    """What stands before and after a line, from ``path:line`` (lines count from 1; the line itself is what is to be written)."""
    path, _, line = text.rpartition(":")
    if not path or not line.isdecimal() or int(line) < 1:
        raise EliteCodeError(f"{text!r} is not a place in a file; expected path:line, e.g. src/lib.rs:120")
    try:
        lines = (Path(root) / path).expanduser().read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    except OSError as error:
        raise EliteCodeError(f"cannot read {path}: {error.strerror}") from None
    if int(line) > len(lines) + 1:
        raise EliteCodeError(f"{path} has {len(lines)} lines; {text!r} is past its end")
    return "".join(lines[: int(line) - 1]), "".join(lines[int(line) :])


def merged(folder: str, target: str) -> Path:
    """The model of ``folder``, an adapter merged into its base, written whole to ``target`` as safetensors, with its tokenizer."""
    model, tokenizer = load_trained(folder, merge=True)
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    return Path(target)


def _positions(model: Any) -> int:
    return getattr(model.config.get_text_config(), "max_position_embeddings", None) or 4096


def _start(tokenizer: PreTrainedTokenizerBase) -> int:
    found = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    if found is None:
        raise EliteCodeError("the prompt is empty and the tokenizer has no start token; give a --prompt")
    return found


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="recipes/generate.py", description="Complete code with a trained model.")
    parser.add_argument("model", help="folder that recipes/train.py wrote (runs/...), a model folder, or a checkpoint")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--prompt", help="text to go on from")
    what.add_argument("--at", help="path:line: what stands before the line is the prompt")
    what.add_argument("--merge", metavar="FOLDER", help="write a plain model folder and stop")
    parser.add_argument("--fill", action="store_true", help="with --at: show the model what stands after the line as well")
    parser.add_argument("--tokens", type=int, default=64, help="tokens to write (default 64)")
    parser.add_argument("--temperature", type=float, default=0.0, help="0: the most likely token each time (default)")
    parser.add_argument("--seed", type=int, default=0, help="decides the samples at a temperature above 0")
    parser.add_argument("--device", default="auto", choices=("auto", "cuda", "mps", "cpu"))
    parser.add_argument("--keep-adapter", action="store_true", help="run an adapter beside its base model instead of merging it")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    options = _arguments(words)
    logging.disable_progress_bar()
    try:
        if options.merge:
            print(f"wrote {merged(options.model, options.merge)}")
            return 0
        before, after = place(options.at) if options.at else (options.prompt, "")
        model, tokenizer = load_trained(options.model, merge=not options.keep_adapter)
        model.to(device_of(options.device))
        text = completion(model, tokenizer, before, after if options.fill else "", options.tokens, options.temperature, options.seed)
    except EliteCodeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
