#!/usr/bin/env python3
"""Goldens for response templates: what transformers reads in answers, for test/golden/responses.test.ts.

    pip install transformers==5.24.0 && python3 scripts/golden/responses.py > test/golden/data/responses.json

Each case has a template, a prompt (prefix), tools, an answer, and what transformers' parse_response makes of them:
`message`, or `error` where it raises one. Answers are whole ones, and the same ones damaged: cut, with parts swapped,
repeated, or with characters changed. The generator is seeded, so the file is the same each time.
"""
import json
import random
import sys

from transformers.utils.chat_parsing import parse_response


def call(name, arguments):
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


def template(anchor, **fields):
    return {"defaults": {"role": "assistant"}, "start_anchor": anchor, "fields": fields}


THINK = {"open": "<think>", "close": "</think>", "content": "text"}
TEMPLATES = {
    "hermes": template(
        "<|im_start|>assistant\n",
        thinking=THINK,
        tool_calls={"open": "<tool_call>", "close": "</tool_call>", "repeats": True, "content": "json",
                    "transform": {"type": "function", "function": "{content}"}},
        content={"close": "<|im_end|>", "content": "text"},
    ),
    "tags": template(
        "<|im_start|>assistant\n",
        thinking=THINK,
        tool_calls={"open_pattern": r"<tool_call>\s*<function=(?P<name>\w+)>", "close": "</tool_call>",
                    "repeats": True, "content": "xml-inline",
                    "content_args": {"tag_pattern": r"<parameter=(?P<key>\w+)>\s*(?P<value>.*?)\s*</parameter>",
                                     "merge_duplicates": True},
                    "transform": call("{name}", "{content}")},
        content={"close_pattern": r"<\|im_end\|>\n?", "content": "text"},
    ),
    "list": template(
        ["<|CHATBOT|>", "<|CHATBOT_TURN|>"],
        content={"open": "<|START_RESPONSE|>", "close": "<|END_RESPONSE|>"},
        thinking={"open": "<|START_THINKING|>", "close": "<|END_THINKING|>"},
        tool_calls={"open": "<|START_ACTION|>", "close": "<|END_ACTION|>", "content": "json",
                    "transform_each": True, "transform": call("{tool_name}", "{parameters}")},
    ),
    "channels": template(
        "<|start|>assistant",
        thinking={"open": "<|channel|>analysis<|message|>", "close": "<|end|>"},
        content={"open": "<|channel|>final<|message|>", "close": ["<|end|>", "<|end|>\n"]},
        tool_calls={"open_pattern": r"<\|channel\|>commentary to=functions\.(?P<name>\w+).*?<\|message\|>",
                    "close": "<|call|>", "repeats": True, "content": "json",
                    "transform": call("{name}", "{content}")},
    ),
    "bare-keys": template(
        ["<|turn>model\n", "<tool_response|>"],
        thinking={"open": "<|channel>thought\n", "close": "<channel|>"},
        tool_calls={"open_pattern": r"<\|tool_call>call:(?P<name>\w+)", "close": "<tool_call|>", "repeats": True,
                    "content": "json",
                    "content_args": {"unquoted_keys": True, "string_delims": [['<|"|>', '<|"|>']]},
                    "transform": call("{name}", "{content}")},
        content={"close": ["<turn|>", "<|tool_response>", "<eos>"]},
    ),
    "calls": template(
        "<|im_start|>assistant\n",
        tool_calls={"open": "<|tool_call_start|>", "close": "<|tool_call_end|>", "content": "python-call-list",
                    "transform_each": True, "transform": call("{name}", "{arguments}")},
        content={"close": "<|im_end|>"},
    ),
    "blocks": template(
        "<|message_model|>",
        thinking={"open_pattern": r"(?:<\|message_model\|>)?[^<]*<\|content_thinking\|>", "close": "<|end_message|>",
                  "repeats": True, "join": "\n", "content_args": {"strip": False}},
        content={"open_pattern": r"(?:<\|message_model\|>)?[^<]*<\|content_text\|>", "close": "<|end_message|>",
                 "repeats": True, "join": "", "content_args": {"strip": False}},
    ),
    "opened": template(
        "Assistant:",
        thinking={"open_pattern": r"(?:^|<think>\s*)", "close": "</think>"},
        content={"open": "<response>\n", "close_pattern": r"\n?</response>$"},
    ),
    "lines": template(
        "A:",
        facts={"open": "[[", "close": "]]", "content": "kv-lines", "repeats": True,
               "content_args": {"kv_sep": "=", "value_parser": {"name": "json", "args": {"allow_non_json": True}}}},
        score={"open_pattern": r"score\s*:", "close_pattern": r"\Z|\n", "content": "float"},
        content={},
    ),
}

HERMES = ['<think>\nI should look.\n</think>\n\n', 'Let me see. ', '<tool_call>\n{"name": "get_weather", "arguments": '
          '{"city": "Köln", "days": 3}}\n</tool_call>', '\n', '<tool_call>{"name": "noop", "arguments": {}}</tool_call>',
          'It is < 5 °C </think 🙂', '<|im_end|>']
ANSWERS = {
    "hermes": HERMES,
    "tags": ['<think>a < b</think>', 'Text.', '<tool_call>\n<function=get_weather>\n<parameter=city>\nKöln\n</parameter>\n'
             '<parameter=days>3</parameter><parameter=raw>{"a": [1]}</parameter>\n</function>\n</tool_call>',
             '<tool_call><function=many><parameter=x>1</parameter><parameter=x>true</parameter></function></tool_call>',
             '<|im_end|>\n'],
    "list": ['<|START_THINKING|>call a tool<|END_THINKING|>', '<|START_ACTION|>[{"tool_name": "get_weather", '
             '"parameters": {"city": "Oslo"}}, {"tool_name": "noop", "parameters": {}}]<|END_ACTION|>',
             '<|START_RESPONSE|> fine \u2003<|END_RESPONSE|>', '<|END_OF_TURN|>'],
    "channels": ['<|channel|>analysis<|message|>thinking<|end|>', '<|start|>assistant',
                 '<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city": "Rome"}<|call|>',
                 '<|channel|>final<|message|>Done.<|end|>\n'],
    "bare-keys": ['<|channel>thought\nHm.\n<channel|>', 'Text ', '<|tool_call>call:get_weather{city:<|"|>Bonn, "x": 1<|"|>,'
                  'days:3,deep:{a:[1,2]}}<tool_call|>', '<turn|>'],
    "calls": ['I call. ', '<|tool_call_start|>[get_weather(city="Bonn", days=-3), f(a=[1, 2.5e3, None], '
              "b={'k': \"v\\u00e9\\n\"}, c=True)]<|tool_call_end|>", '<|im_end|>'],
    "blocks": ['<|message_model|>me<|content_thinking|> one <|end_message|>', '<|content_thinking|>two<|end_message|>',
               'x<|content_text|> Text.<|end_message|>', '<|content_text|> More.<|end_message|>'],
    "opened": ['thoughts ', '<think> again', '</think>', 'between', '<response>\n', 'Answer\n', '</response>'],
    "lines": ['[[\na = 1\nb = two words\n\nc=[1, {"x": null}]\n]]', 'text ', 'score : 1.5e2\n', 'rest score:7'],
}
PROMPTS = {
    "hermes": "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\nold<|im_end|>\n<|im_start|>assistant\n<think>\n",
    "opened": "Assistant: old\nAssistant:",
}
TOOLS = [
    {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {
        "city": {"type": "string"}, "days": {"type": "integer"}, "raw": {"anyOf": [{"type": "object"}]}}}}},
    {"type": "function", "function": {"name": "many", "parameters": {"type": "object", "properties": {
        "x": {"type": ["integer", "boolean"]}}}}},
]


def damaged(rng, parts, whole):
    kind = rng.randrange(6)
    if kind == 0:
        return whole[: rng.randrange(len(whole) + 1)]
    if kind == 1:
        return "".join(rng.sample(parts, len(parts)))
    if kind == 2:
        return "".join(rng.choice(parts) for _ in range(rng.randrange(1, 7)))
    text = list(whole)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(text))
        text[at] = rng.choice(["", text[at] * 2, "<", '"', "{", "]", "\n", "x", " ", "|", ">"])
    return "".join(text)


def main():
    rng = random.Random(20261125)
    cases = []
    for name, spec in TEMPLATES.items():
        parts = ANSWERS[name]
        whole = "".join(parts)
        answers = [whole, "", " \n"] + parts + [damaged(rng, parts, whole) for _ in range(28)]
        for i, answer in enumerate(dict.fromkeys(answers)):
            prompt = PROMPTS.get(name, "") if i % 2 == 0 else ""
            tools = TOOLS if i % 3 == 0 else []
            case = {"template": name, "answer": answer}
            if prompt:
                case["prompt"] = prompt
            if tools:
                case["tools"] = True
            try:
                case["message"] = parse_response(answer, spec, prefix=prompt, tools=tools)
            except Exception as error:  # every kind: what is compared is that it cannot be read
                case["error"] = type(error).__name__
            cases.append(case)
    json.dump({"templates": TEMPLATES, "tools": TOOLS, "cases": cases}, sys.stdout, ensure_ascii=True,
              separators=(",", ":"))
    print()


main()
