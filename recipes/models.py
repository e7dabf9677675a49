"""Models of a run: a name, a folder or a small configuration -> a causal language model ready to train.

In: options and the rows' tokenizer. Out: a ``PreTrainedModel`` or a ``PeftModel``; only safetensors are read. Costs the loading of the weights.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from elite_code_dataset.records import EliteCodeError
from recipes.options import Options


def model_config(options: Options, tokenizer: PreTrainedTokenizerBase) -> PretrainedConfig:
    """The configuration of the run's model, before any weight is loaded."""
    if options.model:
        try:
            return AutoConfig.from_pretrained(options.model)
        except (OSError, ValueError) as error:
            raise EliteCodeError(
                f"no model at {options.model!r} ({' '.join(str(error).split())[:200]}); expected a Hub name or a folder with config.json"
            ) from None
    check_model_config(options)
    wanted = dict(options.model_config or {})
    given: dict[str, Any] = {"vocab_size": len(tokenizer), "max_position_embeddings": max(options.windows)}
    given |= {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    try:
        return AutoConfig.for_model(wanted.pop("model_type"), **{**given, **wanted})
    except ValueError as error:
        raise EliteCodeError(f"model_config cannot be used: {str(error).splitlines()[0]}") from None


def check_model_config(options: Options) -> None:
    """Raises EliteCodeError where there is neither a model nor a type, or for a key that the type does not know: it would be ignored."""
    if options.model:
        return
    wanted = dict(options.model_config or {})
    if "model_type" not in wanted:
        raise EliteCodeError(
            "neither model nor model_config.model_type is given; expected one: model: NAME, or model_config: {model_type: llama}"
        )
    kind = wanted.pop("model_type")
    try:
        known = AutoConfig.for_model(kind)
    except ValueError as error:
        raise EliteCodeError(f"model_config cannot be used: {str(error).splitlines()[0]}") from None
    for name in wanted:
        if not hasattr(known, name):
            near = get_close_matches(name, known.to_dict(), 3)
            raise EliteCodeError(f"unknown key {name!r} in model_config of {kind}" + (f"; did you mean {', '.join(near)}?" if near else ""))


def run_model(options: Options, tokenizer: PreTrainedTokenizerBase, device: str, precision: str) -> Any:
    """The model of a run, on its device where quantisation demands it, with adapters where the method is lora or qlora."""
    config = model_config(options, tokenizer)
    _check(options, config, tokenizer)
    if not options.model:
        model = AutoModelForCausalLM.from_config(config)
        return _with_adapter(model, options, False) if options.method != "full" else model
    loading: dict[str, Any] = {"use_safetensors": True, "config": config}
    if options.method == "full":
        return _weights(options.model, dtype=torch.float32, **loading)
    narrow = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[precision]
    if options.method == "qlora":
        loading |= {"quantization_config": _four_bits(narrow), "device_map": {"": _place(device)}}
    model = _weights(options.model, dtype=narrow, **loading)
    return _with_adapter(model, options, options.method == "qlora")


def needs_bitsandbytes(options: Options) -> bool:
    return options.method == "qlora" or options.adam_8bit


def _weights(name: str, **loading: Any) -> PreTrainedModel:
    try:
        return AutoModelForCausalLM.from_pretrained(name, **loading)
    except OSError as error:
        raise EliteCodeError(
            f"the weights of {name} cannot be loaded ({' '.join(str(error).split())[:200]}); expected safetensors: pickled weights are not read"
        ) from None


def check_packages(options: Options) -> None:
    """Raise where the run needs bitsandbytes and it is not installed."""
    if needs_bitsandbytes(options) and find_spec("bitsandbytes") is None:
        raise EliteCodeError(
            f"{'qlora' if options.method == 'qlora' else 'adam_8bit'} needs bitsandbytes, which is not installed: pip install bitsandbytes"
        )


def _check(options: Options, config: PretrainedConfig, tokenizer: PreTrainedTokenizerBase) -> None:
    check_packages(options)
    if options.method == "qlora" and not options.model:
        raise EliteCodeError("method is qlora without a model; expected model: NAME (a model from scratch has nothing to quantise)")
    text = config.get_text_config()
    if len(tokenizer) > text.vocab_size:
        raise EliteCodeError(
            f"the rows' tokenizer has {len(tokenizer)} tokens, the model {text.vocab_size}; build the dataset with the model's own tokenizer"
        )
    positions = getattr(text, "max_position_embeddings", None)
    if positions and max(options.windows) > positions:
        raise EliteCodeError(
            f"windows reach {max(options.windows)} tokens, the model {positions}; lower windows, e.g. --windows 256,512,{positions}"
        )
    if options.model:
        _check_tokenizer(options.model, tokenizer)


def _check_tokenizer(name: str, tokenizer: PreTrainedTokenizerBase) -> None:
    """Refuse rows that another tokenizer cut: the model would train on noise, and nothing would say so."""
    try:
        own = AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError):  # a bare model folder: nothing to compare with
        return
    known = own.get_vocab()
    other = next((token for token, number in sorted(tokenizer.get_vocab().items()) if known.get(token) != number), None)
    if other is not None:
        raise EliteCodeError(
            f"the rows were cut by another tokenizer than that of {name} (they differ in {other!r}); build the dataset with tokenizer={name}"
        )


def _four_bits(narrow: torch.dtype) -> Any:
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=narrow)


def _place(device: str) -> Any:
    return int(torch.cuda.current_device()) if device == "cuda" else device


def _with_adapter(model: PreTrainedModel, options: Options, quantised: bool) -> Any:
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

    if quantised:
        for module in model.modules():
            if hasattr(module, "support_avx512bf16_for_cpu"):  # on a CPU, weights repacked while evaluating would pass no gradient after it
                module.support_avx512bf16_for_cpu = False
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    adapter = LoraConfig(
        r=options.lora_rank,
        lora_alpha=options.lora_alpha or 2 * options.lora_rank,
        lora_dropout=options.lora_dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, adapter)


def load_trained(folder: str | Path, merge: bool = True) -> tuple[Any, PreTrainedTokenizerBase]:
    """A model that ``recipes/train.py`` saved, and its tokenizer. An adapter is loaded onto its base model, and merged into it on request.

    The base is loaded as it was published: an adapter trained beside four-bit weights goes onto those that were rounded to four bits.
    """
    folder = Path(folder).expanduser()
    if (folder / "model").is_dir() and not (folder / "config.json").is_file():
        folder = folder / "model"
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder))
        if not (folder / "adapter_config.json").is_file():
            return AutoModelForCausalLM.from_pretrained(str(folder), use_safetensors=True), tokenizer
        from peft import AutoPeftModelForCausalLM

        model = AutoPeftModelForCausalLM.from_pretrained(str(folder))
    except (OSError, ValueError) as error:
        raise EliteCodeError(
            f"no trained model at {folder} ({' '.join(str(error).split())[:200]}); expected what recipes/train.py wrote"
        ) from None
    return (model.merge_and_unload() if merge else model), tokenizer
