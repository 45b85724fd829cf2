/** What a graph means beyond its operators: its attention blocks, and what their masks let a token see. */
import { GgmaError } from '../errors.ts';
import type { Op, Value } from '../ir/graph/index.ts';
import { Depends } from '../ir/graph/index.ts';
import {
  type Attention,
  type AttentionBlock,
  type AttentionMatch,
  findAttention,
  findPrefillAttention,
} from '../ir/match/index.ts';
import type { DecodeEntry, Entry } from './entry.ts';
import { proveMask } from './mask.ts';

/** A graph with what lowering it needs to know. */
export interface Context {
  entry: Entry;
  /** Attention by its output value. */
  attention: Map<Value, AttentionBlock>;
  /** Window of each mask: 0 for none. */
  windows: Map<Value, number>;
}

/**
 * Finds every attention of the decode graph and proves every mask.
 * @throws GgmaError PLAN_ATTENTION, PLAN_MASK with the operator's path
 */
export function recogniseDecode(entry: DecodeEntry): Context & { attention: Map<Value, Attention> } {
  const attention = collect(entry, findAttention(entry.graph));
  const windows: Context['windows'] = new Map();
  const caches = new Map<Value, Attention>();
  for (const block of attention.values()) {
    const path = pathOf(entry, block.output.producer);
    checkPosition(block, entry, path);
    for (const cache of [block.keyCache, block.valueCache]) {
      if (!entry.caches.includes(cache) || caches.has(cache))
        throw attentionError(
          `the cache '${cache.name}' ${caches.has(cache) ? 'twice' : 'that is no input'}`,
          path,
        );
      caches.set(cache, block);
    }
    if (windows.has(block.mask)) continue;
    const meaning = proveMask(block.mask, block.position);
    if (!meaning.ok)
      throw new GgmaError(
        'PLAN_MASK',
        `expected a causal or windowed mask, got one where ${meaning.reason}`,
        { path: meaning.op ? pathOf(entry, meaning.op) : path },
      );
    windows.set(block.mask, meaning.window);
  }
  return { entry, attention, windows };
}

/**
 * Finds every attention of a prefill graph. Its masks are constants, written for L rows: whether they say what
 * decode's masks say is for the comparison of the two programs; until then the window is 0.
 * @throws GgmaError PLAN_ATTENTION
 */
export function recognisePrefill(entry: Entry): Context {
  const attention = collect(entry, findPrefillAttention(entry.graph, entry.rows));
  return { entry, attention, windows: new Map([...attention.values()].map(({ mask }) => [mask, 0])) };
}

/** The path of an operator of the graph, or of the graph itself. */
export function pathOf({ path, graph }: Entry, op: Op | null | undefined): string {
  return op ? `${path}.operators[${graph.ops.indexOf(op)}]` : path;
}

function collect<Block extends AttentionBlock>(
  entry: Entry,
  matches: AttentionMatch<Block>[],
): Map<Value, Block> {
  const attention = new Map<Value, Block>();
  for (const match of matches) {
    if (!match.ok) throw attentionError(match.reason, pathOf(entry, match.op ?? match.at));
    attention.set(match.value.output, match.value);
  }
  if (attention.size === 0)
    throw new GgmaError('PLAN_ATTENTION', 'expected at least one attention, got none', { path: entry.path });
  return attention;
}

/** cache_position must be the graph's, and cos and sin must follow from it alone: they are tabulated before a token is known. */
function checkPosition({ position, rope }: Attention, entry: DecodeEntry, path: string): void {
  if (position !== entry.position)
    throw attentionError(`'${position.name}' as cache_position instead of '${entry.position.name}'`, path);
  for (const table of rope ? [rope.cos, rope.sin] : []) {
    const bits = table.isConstant ? 0 : (entry.depends.get(table) ?? Depends.token);
    if ((bits & ~Depends.position) !== 0)
      throw attentionError(`RoPE by '${table.name}', which does not follow from the position alone`, path);
  }
}

function attentionError(reason: string, path: string): GgmaError {
  return new GgmaError('PLAN_ATTENTION', `expected attention over the cache, got: ${reason}`, { path });
}
