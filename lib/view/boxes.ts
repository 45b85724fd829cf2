/** What stands in a box: an operator, an input or output, a folded block, or a tensor that crosses a block's border. */
import type { Op, Value } from '../ir/graph/index.ts';
import { bytesOf } from '../ir/graph/index.ts';
import type { ChildKind, Counts, Status } from './data.ts';
import { activationOf, shapeText, shortName, titleOf } from './describe.ts';
import type { Child } from './interior.ts';
import type { Scene, SceneNode } from './scene.ts';
import { SIGNS } from './signs.ts';
import { valuesOf } from './statistics.ts';
import type { Block, Tree } from './tree.ts';
import { bytesText, pack, plural, wrap } from './words.ts';

/** A constant whose elements take more room is shown by its shape. */
const MAX_VALUES = 16;

export function childOf(
  scene: Scene,
  tree: Tree,
  counts: readonly Counts[][],
  kind: ChildKind,
  index: number,
): Child {
  const child = (status: Status, title: string, lines: string[]): Child => ({
    kind,
    index,
    title: wrap(SIGNS[status] + title).join('\n'),
    lines,
    shared: [],
  });
  if (kind === 'block') {
    const block = tree.blocks[index]!;
    return child(block.status, block.title, blockLines(scene, block, counts[index]!));
  }
  if (kind === 'port') return child('same', shortName(shownValue(scene, index).name), []);
  const { op, tensor, status } = scene.nodes[index]!;
  const shown = op.after ?? op.before;
  if (shown) return child(status, titleOf(shown), opLines(shown));
  return child(status, shortName(shownValue(scene, tensor).name), wrap(shapeChange(scene, tensor)));
}

/** What is in a folded block. */
export function blockLines(scene: Scene, { nodes, status }: Block, counts: readonly Counts[]): string[] {
  const inside = nodes.map((node) => scene.nodes[node]!);
  const summary = (list: readonly SceneNode[]) =>
    (['op', 'input', 'output'] as const).flatMap((kind) => {
      const count = list.filter((node) => node.kind === kind).length;
      return count === 0 ? [] : [plural(count, kind === 'op' ? 'operator' : kind)];
    });
  const ports = summary(inside.filter(({ kind }) => kind !== 'op'));
  const lines = [
    `${change(counts, ({ operators }) => operators.toLocaleString('en'))} operator${counts.at(-1)!.operators === 1 ? '' : 's'}`,
  ];
  if (ports.length > 0) lines.push(ports.join(', '));
  if (counts.some(({ bytes }) => bytes > 0))
    lines.push(`${change(counts, ({ bytes }) => bytesText(bytes))} of constants`);
  for (const kind of ['removed', 'added', 'changed'] as const) {
    const parts = summary(inside.filter((node) => node.status === kind));
    if (parts.length > 0 && kind !== status) lines.push(`${SIGNS[kind]}${parts.join(', ')}`);
  }
  return lines;
}

/** What one model has; or what the two have, where that differs. */
function change(counts: readonly Counts[], text: (counts: Counts) => string): string {
  const texts = counts.map(text);
  return new Set(texts).size === 1 ? texts[0]! : texts.join(' → ');
}

export function shownValue(scene: Scene, tensor: number): Value {
  const { before, after } = scene.tensors[tensor]!;
  return (after ?? before)!;
}

/** 1×16×30×4, or 1×16×30×4 → 1×16×32×4 where the models differ. */
export function shapeChange(scene: Scene, tensor: number): string {
  const { before, after } = scene.tensors[tensor]!;
  const [old, now] = [before && shapeText(before), after && shapeText(after)];
  return old !== null && now !== null && old !== now ? `${old} → ${now}` : (now ?? old)!;
}

/** Constants, the small ones by their values, and the fused activation. */
function opLines(op: Op): string[] {
  const constants = op.inputs.flatMap((input) => (input?.isConstant ? [constantText(input)] : []));
  return [...pack(constants), ...wrap(activationOf(op) ?? '')].filter((line) => line !== '');
}

function constantText(value: Value): string {
  const small = value.shape.length <= 1 ? valuesOf(value.type, value.shape, bytesOf(value)!) : undefined;
  if (small !== undefined && small.length <= MAX_VALUES)
    return value.shape.length === 0 ? small : `[${small}]`;
  return shapeText(value);
}
