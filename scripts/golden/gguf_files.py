"""Goldens of GGUF files, made with GGML's own Python package (pip install gguf).

    python gguf_files.py test/golden/gguf

Writes blocks.json: random blocks of each type and the float32 values that gguf dequantises them to; tiny.gguf: a llama
of one layer with tensors of many types and q and k rows in GGUF's order; tiny-*-of-*.gguf: the same in parts; and
tiny.json: what a reader must say of it, with tensors by their names in Hugging Face's checkpoints and their rows in order.
"""

import base64
import hashlib
import json
import os
import sys

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T
from gguf.quants import dequantize, quantize

ELEMENTS = 1024

# Where a block has float16 scales: random bytes there would be NaN or infinite now and then.
HALVES = {
    T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0], T.Q2_K: [80, 82], T.Q3_K: [108],
    T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208], T.IQ4_NL: [0], T.MXFP4: [],
}


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def random_blocks(rng: np.random.Generator, kind: T) -> np.ndarray:
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    count = ELEMENTS // elements
    blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
    for i in range(count):
        for at in HALVES[kind]:
            # Of all sizes, subnormal ones too, and of both signs.
            scale = np.float16(rng.choice([-1, 1]) * 2.0 ** rng.uniform(-20, 4))
            blocks[i, at : at + 2] = np.frombuffer(scale.tobytes(), dtype=np.uint8)
    if kind == T.MXFP4:
        blocks[:, 0] = rng.integers(90, 140, count)
        blocks[:3, 0] = [0, 1, 2]
    return blocks


def write_blocks(folder: str) -> None:
    rng = np.random.default_rng(1)
    found = {}
    for kind in HALVES:
        blocks = random_blocks(rng, kind)
        floats = dequantize(blocks, kind).astype(np.float32).ravel()
        assert floats.size == ELEMENTS and np.isfinite(floats).all()
        found[kind.name] = {"blocks": text(blocks.tobytes()), "floats": text(floats.tobytes())}
    with open(f"{folder}/blocks.json", "w") as file:
        json.dump(found, file, indent=1)
        file.write("\n")


HIDDEN, HEADS, KV_HEADS, FEED_FORWARD, VOCAB = 64, 4, 2, 32, 24


def permute(weight: np.ndarray, heads: int) -> np.ndarray:
    """Rows as convert_hf_to_gguf.py puts them: the halves of each head in turn."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def unpermute(weight: np.ndarray, heads: int) -> np.ndarray:
    return weight.reshape(heads, weight.shape[0] // heads // 2, 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def write_model(folder: str) -> None:
    rng = np.random.default_rng(2)
    head_dim = HIDDEN // HEADS
    kv = KV_HEADS * head_dim
    layer = "model.layers.0"
    tensors = [
        ("token_embd.weight", "model.embed_tokens.weight", (VOCAB, HIDDEN), T.Q8_0, 0),
        ("blk.0.attn_norm.weight", f"{layer}.input_layernorm.weight", (HIDDEN,), T.F32, 0),
        ("blk.0.attn_q.weight", f"{layer}.self_attn.q_proj.weight", (HIDDEN, HIDDEN), T.Q4_1, HEADS),
        ("blk.0.attn_k.weight", f"{layer}.self_attn.k_proj.weight", (kv, HIDDEN), T.F16, KV_HEADS),
        ("blk.0.attn_v.weight", f"{layer}.self_attn.v_proj.weight", (kv, HIDDEN), T.Q4_0, 0),
        ("blk.0.attn_output.weight", f"{layer}.self_attn.o_proj.weight", (HIDDEN, HIDDEN), T.Q5_0, 0),
        ("blk.0.ffn_norm.weight", f"{layer}.post_attention_layernorm.weight", (HIDDEN,), T.F32, 0),
        ("blk.0.ffn_gate.weight", f"{layer}.mlp.gate_proj.weight", (FEED_FORWARD, HIDDEN), T.BF16, 0),
        ("blk.0.ffn_up.weight", f"{layer}.mlp.up_proj.weight", (FEED_FORWARD, HIDDEN), T.Q5_1, 0),
        ("blk.0.ffn_down.weight", f"{layer}.mlp.down_proj.weight", (HIDDEN, FEED_FORWARD), T.Q8_0, 0),
        ("output_norm.weight", "model.norm.weight", (HIDDEN,), T.F32, 0),
    ]
    pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{i:02X}>" for i in range(4)] + [f"\u2581{chr(97 + i)}" for i in range(15)]
    pieces += ["é", "🙂"]
    assert len(pieces) == VOCAB

    def writer(path: str, **options: int) -> gguf.GGUFWriter:
        w = gguf.GGUFWriter(path, "llama", **options)
        w.add_name("tiny")
        w.add_vocab_size(VOCAB)
        w.add_context_length(128)
        w.add_embedding_length(HIDDEN)
        w.add_block_count(1)
        w.add_feed_forward_length(FEED_FORWARD)
        w.add_head_count(HEADS)
        w.add_head_count_kv(KV_HEADS)
        w.add_layer_norm_rms_eps(1e-5)
        w.add_rope_freq_base(500000.0)
        w.add_rope_dimension_count(head_dim)
        w.add_tokenizer_model("llama")
        w.add_tokenizer_pre("default")
        w.add_token_list(pieces)
        w.add_token_scores([-float(i) for i in range(VOCAB)])
        w.add_token_types([2, 3, 3] + [6] * 4 + [1] * 17)
        w.add_bos_token_id(1)
        w.add_eos_token_id(2)
        w.add_eot_token_id(7)
        w.add_unk_token_id(0)
        w.add_add_bos_token(True)
        w.add_add_eos_token(False)
        w.add_add_space_prefix(False)
        w.add_chat_template([{"name": "default", "template": "{{ messages }}"}, {"name": "tool_use", "template": "{{ tools }}"}])
        w.add_uint64("test.large", 2**63)
        w.add_array("test.floats", [0.5, -1.25])
        w.add_bool("test.flag", True)
        return w

    files = [writer(f"{folder}/tiny.gguf"), writer(f"{folder}/tiny.gguf", split_max_tensors=5)]
    described = {}
    for name, original, shape, kind, heads in tensors:
        values = (rng.standard_normal(shape) * 0.05).astype(np.float32)
        stored = quantize(permute(values, heads) if heads else values, kind)
        meant = dequantize(stored, kind).astype(np.float32).reshape(shape)
        meant = unpermute(meant, heads) if heads else meant
        for file in files:
            file.add_tensor(name, stored, raw_dtype=kind)
        described[original] = {
            "dtype": kind.name,
            "shape": list(shape),
            "sha256": hashlib.sha256(np.ascontiguousarray(meant).tobytes()).hexdigest(),
        }
    for file in files:
        file.write_header_to_file()
        file.write_kv_data_to_file()
        file.write_tensors_to_file()
        file.close()
    with open(f"{folder}/tiny.json", "w") as out:
        json.dump({"pieces": pieces, "tensors": described}, out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    target = sys.argv[1]
    os.makedirs(target, exist_ok=True)
    write_blocks(target)
    write_model(target)
