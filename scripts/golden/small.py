"""Fills in the ids of test/golden/tokenizers.json, with the original library.

    python small.py test/golden/tokenizers.json

The file has small tokenizers of the project's own making, written compactly: the vocabulary is an alphabet ("bytes" as
GPT-2 spells them, or "spaced": the unknown token, <0x00> ... <0xFF> and characters) and what the merges make of it.
test/unit/text/golden.test.ts builds them in the same way. "texts" are those that have told a library from the original.
Run `biome check --write` over the file afterwards.
"""

import json
import sys

import tokenizers


def byte_alphabet() -> list[str]:
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    spelt = {byte: chr(byte) for byte in printable} | {byte: chr(0x100 + i) for i, byte in enumerate(others)}
    return [spelt[byte] for byte in range(256)]


def expand(spec: dict, characters: str, merges: list[str]) -> dict:
    is_spaced = spec["alphabet"] == "spaced"
    spaced = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), *characters]
    pieces = spaced if is_spaced else byte_alphabet()
    pieces += [merge.replace(" ", "") for merge in merges]
    model = {
        "type": "BPE",
        "vocab": {piece: id for id, piece in enumerate(pieces)},
        "merges": merges,
        "byte_fallback": is_spaced,
        "unk_token": "<unk>" if is_spaced else None,
        "fuse_unk": is_spaced,
        "ignore_merges": spec.get("ignore_merges", False),
    }
    added = [
        {"id": len(pieces) + i, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, **token}
        for i, token in enumerate(spec.get("added", []))
    ]
    steps = {"normalizer": spec.get("normalizer"), "pre_tokenizer": spec.get("pre_tokenizer")}
    return {"version": "1.0", "added_tokens": added, **steps, "post_processor": None, "decoder": None, "model": model}


def main() -> None:
    path = sys.argv[1]
    with open(path, encoding="utf-8") as file:
        golden = json.load(file)
    for spec in golden["tokenizers"].values():
        file = expand(spec, golden["characters"], golden["merges"][spec["alphabet"]])
        tokenizer = tokenizers.Tokenizer.from_str(json.dumps(file))
        tokenizer.encode_special_tokens = True
        ids = (tokenizer.encode(text, add_special_tokens=False).ids for text in golden["texts"])
        spec["ids"] = [" ".join(map(str, one)) for one in ids]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(golden, file, indent=2)


main()
