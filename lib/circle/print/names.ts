/** How the text calls tensors: by name where that is enough, else with the number behind it. */
import type { SubGraph } from '../index.ts';

/** Names that need no quotes. A colon that ends a word would read as `NAME: TYPE`. */
const BARE = /^[\p{L}_](?:[\p{L}\p{N}_./%$~-]|:(?=[\p{L}\p{N}_:]))*$/u;

export function nameText(name: string): string {
  return BARE.test(name) ? name : JSON.stringify(name);
}

/** Names of a subgraph's tensors: `x`; `x@3` where another is called so too; `@3` without a name; `-` left out. */
export class TensorNames {
  readonly #names: readonly (string | null)[];
  readonly #counts = new Map<string, number>();

  /** @param isShort names without their path (`add_2` for `model.layers.0::add_2`) where they are still unique */
  constructor(subgraph: SubGraph | undefined, isShort = false) {
    const names = (subgraph?.tensors ?? []).map(({ name }) => name);
    this.#names = isShort ? shortened(names) : names;
    for (const name of this.#names) if (name) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  of(index: number): string {
    if (index === -1) return '-';
    const name = this.#names[index];
    if (name === undefined || name === null) return `@${index}`;
    return this.#counts.get(name) === 1 ? nameText(name) : `${nameText(name)}@${index}`;
  }

  /** Whether a port called so needs no second name. */
  isCalled(index: number, name: string | null): boolean {
    return name !== null && this.of(index) === nameText(name);
  }
}

function shortened(names: readonly (string | null)[]): (string | null)[] {
  const short = names.map((name) => name?.replace(/^.*(::|[/;])(?=.)/s, '') ?? null);
  const counts = new Map<string | null, number>();
  for (const name of short) counts.set(name, (counts.get(name) ?? 0) + 1);
  return short.map((name, i) => (counts.get(name) === 1 ? name : names[i]!));
}
