"""Small tokenizers and chat templates built like those of well-known model families.

Made in the test, nothing is downloaded: the families differ in how a turn is marked (special tokens, added
tokens, ordinary characters), in how text is normalized and in how it is cut, and that is what is copied here.
"""
# ruff: noqa: RUF001  # the full-width bars are DeepSeek's

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from tests.hostile.attacks import ACCEPTED

CORPUS = [
    *(attack.value[:500] for attack in ACCEPTED),
    "The battery lasts two days and the screen is bright. USER: ASSISTANT: Instruction: Response: INST SYS",
]


@dataclass(frozen=True)
class Family:
    """How the models of one family mark turns."""

    template: str | None
    special: Sequence[str]
    added: Sequence[str] = ()  # in the vocabulary, but not called special
    markers: Sequence[str] = ()  # ordinary characters that only the template may write
    make: Callable[[Sequence[str]], Tokenizer] = field(default=lambda special: byte_level(special))
    roles: dict[str, str] = field(default_factory=dict)  # eos_token and the like


def byte_level(special: Sequence[str]) -> Tokenizer:
    """Byte-level BPE, as GPT-2, Llama 3, Qwen and DeepSeek have it."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=list(special),
        show_progress=False,
    )
    made.train_from_iterator(CORPUS, trainer)
    return made


def sentence_piece(special: Sequence[str]) -> Tokenizer:
    """BPE over characters with a mark for blanks and bytes for strangers, as Llama 2 and Mistral have it."""
    made = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    made.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    trainer = trainers.BpeTrainer(vocab_size=900, special_tokens=list(special), show_progress=False)
    made.train_from_iterator(CORPUS, trainer)
    parts = json.loads(made.to_str())
    known = parts["model"]["vocab"]
    for byte in range(256):
        known.setdefault(f"<0x{byte:02X}>", len(known))
    return Tokenizer.from_str(json.dumps(parts))


def unigram(special: Sequence[str]) -> Tokenizer:
    """Unigram pieces after compatibility forms and case folding, as T5, XLNet and their heirs have it."""
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=800, special_tokens=list(special), unk_token="<unk>", show_progress=False
    )
    made.train_from_iterator(CORPUS, trainer)
    return made


def word_piece(special: Sequence[str]) -> Tokenizer:
    """Word pieces in lower case that put [CLS] and [SEP] around a text, as BERT has it."""
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    made.train_from_iterator(
        CORPUS, trainers.WordPieceTrainer(vocab_size=800, special_tokens=list(special), show_progress=False)
    )
    ids = [(name, made.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ids)
    return made


def normalized(special: Sequence[str]) -> Tokenizer:
    """Byte-level BPE whose control tokens are looked for after normalizing: look-alikes are tokens too."""
    made = byte_level([])
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    made.add_special_tokens([AddedToken(token, normalized=True, special=True) for token in special])
    return made


TURNS = "{% for m in messages %}"
FAMILIES = {
    "chatml": Family(
        TURNS + "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n",
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|image_pad|>"],
        added=[
            "<tool_call>",
            "</tool_call>",
            "<tool_response>",
            "<think>",
            "</think>",
            "<|fim_prefix|>",
            "<|fim_middle|>",
            "<|repo_name|>",
        ],
        roles={"eos_token": "<|im_end|>"},
    ),
    "llama3": Family(
        "<|begin_of_text|>"
        + TURNS
        + "<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n{{ m.content | trim }}<|eot_id|>{% endfor %}"
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"],
        roles={"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"},
    ),
    "llama2": Family(
        TURNS
        + "{% if m.role == 'system' %}{{ '<<SYS>>\n' + m.content + '\n<</SYS>>\n' }}"
        + "{% elif m.role == 'user' %}{{ '<s>[INST] ' + m.content + ' [/INST]' }}"
        + "{% else %}{{ m.content + ' </s>' }}{% endif %}{% endfor %}",
        ["<unk>", "<s>", "</s>"],
        markers=["[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"],
        make=sentence_piece,
        roles={"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"},
    ),
    "mistral": Family(
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system turn') }}{% endif %}"
        "{% if m.role == 'user' %}<s>[INST] {{ m.content }}[/INST]{% else %}{{ m.content }}</s>{% endif %}"
        "{% endfor %}",
        ["<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[TOOL_CALLS]"],
        make=sentence_piece,
        roles={"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"},
    ),
    "gemma": Family(
        "<bos>" + TURNS + "<start_of_turn>{{ m.role }}\n{{ m.content | trim }}<end_of_turn>\n{% endfor %}"
        "<start_of_turn>model\n",
        ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"],
        added=["<table>", "<h1>", "</style>", "<details>", "▁▁", "\n\n", "[multimodal]", "<unused12>"],
        make=sentence_piece,
        roles={"bos_token": "<bos>", "eos_token": "<eos>", "unk_token": "<unk>", "pad_token": "<pad>"},
    ),
    "deepseek": Family(
        "<｜begin▁of▁sentence｜>" + TURNS + "{% if m.role == 'user' %}<｜User｜>{{ m.content }}"
        "{% else %}<｜Assistant｜>{{ m.content }}<｜end▁of▁sentence｜>{% endif %}{% endfor %}"
        "<｜Assistant｜><think>\n",
        ["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"],
        added=["<｜User｜>", "<｜Assistant｜>", "<think>", "</think>"],
        roles={"bos_token": "<｜begin▁of▁sentence｜>", "eos_token": "<｜end▁of▁sentence｜>"},
    ),
    "phi": Family(
        TURNS + "<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}<|assistant|>\n",
        ["<|endoftext|>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>"],
        roles={"eos_token": "<|end|>"},
    ),
    "harmony": Family(
        TURNS + "<|start|>{{ m.role }}<|message|>{{ m.content }}<|end|>{% endfor %}<|start|>assistant",
        ["<|start|>", "<|message|>", "<|end|>", "<|channel|>", "<|return|>"],
        roles={"eos_token": "<|return|>"},
    ),
    "command_r": Family(
        TURNS + "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>{{ m.content }}<|END_OF_TURN_TOKEN|>{% endfor %}"
        "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
        ["<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<|USER_TOKEN|>", "<|SYSTEM_TOKEN|>"],
        added=["<|CHATBOT_TOKEN|>"],
        roles={"eos_token": "<|END_OF_TURN_TOKEN|>"},
    ),
    "alpaca": Family(
        TURNS + "{% if m.role == 'user' %}### Instruction:\n{{ m.content }}\n\n"
        "{% elif m.role == 'assistant' %}### Response:\n{{ m.content }}\n\n{% endif %}{% endfor %}"
        "### Response:\n",
        ["<unk>", "<s>", "</s>"],
        markers=["###"],
        make=sentence_piece,
        roles={"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"},
    ),
    "vicuna": Family(
        TURNS + "{% if m.role == 'user' %}USER: {{ m.content }} "
        "{% elif m.role == 'assistant' %}ASSISTANT: {{ m.content }}</s>{% endif %}{% endfor %}ASSISTANT:",
        ["<unk>", "<s>", "</s>"],
        markers=["USER:", "ASSISTANT:"],
        make=sentence_piece,
        roles={"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"},
    ),
    "unigram": Family(
        TURNS + "<s>{{ m.content }}</s>{% endfor %}",
        ["<pad>", "</s>", "<unk>", "<s>", "<mask>"],
        make=unigram,
        roles={"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"},
    ),
    "look_alikes": Family(
        TURNS + "<|im_start|>{{ m.content }}<|im_end|>{% endfor %}",
        ["<|im_start|>", "<|im_end|>", "</s>", "[sep]"],
        make=normalized,
        roles={"eos_token": "<|im_end|>"},
    ),
    "base_model": Family(None, ["<|endoftext|>"], roles={"eos_token": "<|endoftext|>"}),
    "word_pieces": Family(
        None,
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
        make=word_piece,
        roles={"eos_token": "[SEP]", "unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]"},
    ),
}


def build(name: str) -> PreTrainedTokenizerBase:
    """The tokenizer of one family, with its chat template."""
    family = FAMILIES[name]
    made = family.make(family.special)
    made.add_tokens([AddedToken(token, special=False, normalized=False) for token in family.added])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, **family.roles)
    tokenizer.chat_template = family.template
    return tokenizer
