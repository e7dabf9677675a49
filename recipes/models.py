"""Models of a run: a name, a folder or a small configuration -> a causal language model ready to train.

In: options and the rows' tokenizer. Out: a ``PreTrainedModel`` or ``PeftModel``. Costs the loading of the weights.
"""

from __future__ import annotations

from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase

from elite_code_dataset.records import EliteCodeError
from recipes.options import Options


def run_model(options: Options, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    if options.model:
        return AutoModelForCausalLM.from_pretrained(options.model, use_safetensors=True)
    return _from_scratch(options, tokenizer)


def _from_scratch(options: Options, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    wanted = dict(options.model_config or {})
    if "model_type" not in wanted:
        raise EliteCodeError(
            "neither model nor model_config.model_type is given; expected one, e.g. model: NAME, or model_config: {model_type: llama}"
        )
    given = {"vocab_size": len(tokenizer), "max_position_embeddings": max(options.windows), "use_cache": False}
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        given[name] = getattr(tokenizer, name)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(wanted.pop("model_type"), **{**given, **wanted}))
