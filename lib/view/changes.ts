/** What a filter did, place by place: the operators that it removed, and those that it put between the same neighbours. */
import type { ChangeData } from './data.ts';
import { titleOf } from './describe.ts';
import type { Scene } from './scene.ts';
import type { Tree } from './tree.ts';

export function changesOf({ nodes }: Scene, tree: Tree): ChangeData[] {
  const groups = new Groups(nodes.length);
  const touched = (node: number) => nodes[node]!.status === 'removed' || nodes[node]!.status === 'added';
  nodes.forEach((node, number) => {
    // An operator that reads something removed and something added shows where the one replaced the other.
    const sources = node.in.map(({ from }) => from).filter(touched);
    const joined = touched(number) ? [number, ...sources] : sources;
    for (const source of joined.slice(1)) groups.join(joined[0]!, source);
  });
  const changes = new Map<number, number[]>();
  for (const number of tree.order) {
    if (!touched(number) && nodes[number]!.status !== 'changed') continue;
    const root = groups.root(number);
    const list = changes.get(root);
    if (list) list.push(number);
    else changes.set(root, [number]);
  }
  return [...changes.values()].map((list) => ({ title: titleOfChange(nodes, list), nodes: list }));
}

function titleOfChange(nodes: Scene['nodes'], list: readonly number[]): string {
  const of = (status: string) => list.filter((n) => nodes[n]!.status === status).map((n) => label(nodes, n));
  const [removed, added, changed] = [of('removed'), of('added'), of('changed')];
  if (changed.length > 0) return `${summary(changed)} changed`;
  if (removed.length === 0) return `+ ${summary(added)}`;
  return added.length === 0 ? `− ${summary(removed)}` : `${summary(removed)} → ${summary(added)}`;
}

function label(nodes: Scene['nodes'], number: number): string {
  const { kind, op } = nodes[number]!;
  const shown = op.after ?? op.before;
  return shown ? titleOf(shown) : kind;
}

function summary(labels: readonly string[]): string {
  const operators = labels.filter((text) => text !== 'input' && text !== 'output');
  const kinds = new Set(operators.length > 0 ? operators : labels);
  if (kinds.size === 1) {
    const [only] = kinds;
    const count = operators.length || labels.length;
    return count > 1 ? `${count} ${only}` : only!;
  }
  return `${operators.length} operators`;
}

/** Numbers in disjoint sets (union-find). */
class Groups {
  readonly #parent: number[];

  constructor(size: number) {
    this.#parent = Array.from({ length: size }, (_, i) => i);
  }

  root(number: number): number {
    let at = number;
    while (this.#parent[at] !== at) {
      this.#parent[at] = this.#parent[this.#parent[at]!]!;
      at = this.#parent[at]!;
    }
    return at;
  }

  join(a: number, b: number): void {
    this.#parent[this.root(a)] = this.root(b);
  }
}
