"""Golden ids of random texts, made with the original libraries.

    python ids.py DIRECTORY COUNT SEED > lines.jsonl

DIRECTORY has tokenizer.json and perhaps tokenizer.model. Each line is {"text", "json", "parsed", "model"}: the ids of
tokenizer.json with special tokens in the text taken as text ("json") and recognised ("parsed"), and those of
tokenizer.model (null where there is none). No ids are put around the text.
"""

import json
import os
import random
import sys
import unicodedata

import sentencepiece
import tokenizers

SPACES = [chr(c) for c in (9, 10, 11, 12, 13, 0x1C, 0x1F, 0x85, 0xA0, 0x1680, 0x180E, 0x2000, 0x2003, 0x200A, 0x200B,
                           0x2028, 0x2029, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF)]
NUMBERS = list("0123456789½²³①٣Ⅷ〇߀१๕五᠗𝟘𝟙㊿")
MARKS = [chr(c) for c in (0x300, 0x301, 0x308, 0x338, 0x327, 0x5B0, 0x64B, 0x93C, 0xE31, 0x20E3, 0xFE0F, 0x200D)]
WORDS = ["don't", "I'LL", "we'Ve", "'s", "'S", "\u2019s", "it'\u017f", "\u212a", "ﬁ", "ǅ", "ß", "İi", "Ångström", "Å",
         "한국어", "각", "日本語", "。", "，", "…", "Привет", "مرحبا", "ไทย", "हिन्दी", "👩‍👩‍👧", "🏳️‍🌈", "\u2581", "\u2581a", "<0x0A>",
         "http://x.y/z?q=1", "a_b", "foo(bar);", "\r\n", "\n\n", "\n\n\n", "\t\t", "    ", "     ", "/", "\\", "--", "'", '"']


def assigned() -> list[str]:
    """Characters that every library knows: those of Unicode 13 or older, without surrogates and private ones."""
    old = unicodedata.ucd_3_2_0
    return [chr(c) for c in range(0x110000) if old.category(chr(c)) not in ("Cn", "Cs", "Co")]


def texts(count: int, seed: int, vocabulary: list[str], names: list[str]):
    chance = random.Random(seed)
    characters = assigned()
    by_category: dict[str, list[str]] = {}
    for character in characters:
        by_category.setdefault(unicodedata.category(character), []).append(character)
    categories = sorted(by_category)

    def part() -> str:
        kind = chance.random()
        if kind < 0.25:
            return chance.choice(vocabulary)
        if kind < 0.40:
            return chance.choice(WORDS)
        if kind < 0.50:
            return "".join(chance.choice(SPACES) for _ in range(chance.randrange(1, 4)))
        if kind < 0.60:
            return " " * chance.choice([1, 1, 1, 2, 3, 5, 9])
        if kind < 0.68:
            return chance.choice(NUMBERS)
        if kind < 0.73:
            return chance.choice(MARKS)
        if kind < 0.78 and names:
            return chance.choice(names)
        if kind < 0.90:
            return chance.choice(by_category[chance.choice(categories)])
        if kind < 0.95:
            return chr(chance.randrange(0x20, 0x7F))
        return chance.choice(characters)

    for _ in range(count):
        yield "".join(part() for _ in range(chance.randrange(1, 13)))


def main() -> None:
    directory, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    file = os.path.join(directory, "tokenizer.json")
    literal = tokenizers.Tokenizer.from_file(file)
    literal.encode_special_tokens = True
    parsing = tokenizers.Tokenizer.from_file(file)
    model_file = os.path.join(directory, "tokenizer.model")
    model = sentencepiece.SentencePieceProcessor(model_file) if os.path.exists(model_file) else None
    decoder = literal.decoder
    ids = range(literal.get_vocab_size())
    vocabulary = [piece for piece in (decoder.decode([literal.id_to_token(i) or ""]) for i in ids) if piece]
    names = [token.content for token in literal.get_added_tokens_decoder().values()]
    for text in texts(count, seed, vocabulary, names):
        line = {
            "text": text,
            "json": literal.encode(text, add_special_tokens=False).ids,
            "parsed": parsing.encode(text, add_special_tokens=False).ids,
            "model": model.encode(text) if model else None,
        }
        print(json.dumps(line))


main()
