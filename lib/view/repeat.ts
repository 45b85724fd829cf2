/**
 * Finds what repeats in a graph: the layers of a model. It starts from operators of the same form (anchors) and grows
 * one copy from each, against the flow of data and all in step: a node joins when every copy has a node of that form at
 * that place. Nodes that all copies read (a mask) stay outside, and so do places where the copies differ (the first
 * layer reads the embedding, the others read the layer before).
 */

export interface RepeatInput {
  /** Nodes with the same number can be copies of each other. */
  forms: readonly number[];
  /** Nodes that node i reads, in order; and those that read it. */
  sources: readonly (readonly number[])[];
  users: readonly (readonly number[])[];
}

/** Copies of one block, with the same number of nodes each; node k of one copy corresponds to node k of another. */
export type Repeat = number[][];

/** Smaller blocks do not get a box of their own. */
const MIN_SIZE = 8;
/** A layer can have several nodes of one form (two additions, four scalings); up to so many are told apart. */
const MAX_STRIDE = 6;

/** For so many candidates, the best repeat of the remaining nodes is searched too. */
const LOOKED_AT = 8;

/** The repeats of a graph, without overlap; the one that covers the most nodes comes first. */
export function findRepeats(graph: RepeatInput): Repeat[] {
  const order = topological(graph);
  const taken = new Set<number>();
  const found: Repeat[] = [];
  for (;;) {
    const best = bestRepeat(graph, order, taken);
    if (!best) return found;
    found.push(best);
    for (const copy of best) for (const node of copy) taken.add(node);
  }
}

/**
 * The repeat that covers the most nodes together with the best repeat of the remaining nodes, if that is of similar
 * size; of equal ones, the one with more copies. So layers of two kinds that alternate are found as two repeats, and not
 * as one repeat of pairs.
 */
function bestRepeat(graph: RepeatInput, order: readonly number[], taken: Set<number>): Repeat | undefined {
  let [best, bestCovered, bestCopies]: [Repeat | undefined, number, number] = [undefined, 0, 0];
  let looked = 0;
  for (const repeat of candidates(graph, order, taken)) {
    if (looked++ === LOOKED_AT) break;
    const [next] = candidates(graph, order, new Set([...taken, ...repeat.flat()]));
    const rest = next && 2 * next[0]!.length >= repeat[0]!.length ? next : undefined;
    const covered = coverage(repeat) + (rest ? coverage(rest) : 0);
    const copies = repeat.length + (rest?.length ?? 0);
    if (covered > bestCovered || (covered === bestCovered && copies > bestCopies))
      [best, bestCovered, bestCopies] = [repeat, covered, copies];
  }
  return best;
}

const coverage = (repeat: Repeat) => repeat.length * repeat[0]!.length;

/** For each number of copies and size the best repeat; those that cover the most nodes come first. */
function* candidates(graph: RepeatInput, order: readonly number[], taken: Set<number>): Generator<Repeat> {
  const groups = new Map<string, Repeat[]>();
  for (const anchors of anchorSets(graph, order, taken))
    for (const drops of [false, true]) {
      const repeat = grow(graph, anchors, taken, drops);
      if (repeat.length < 2 || repeat[0]!.length < MIN_SIZE) continue;
      const key = `${repeat.length} ${repeat[0]!.length}`;
      const group = groups.get(key);
      if (group) group.push(repeat);
      else groups.set(key, [repeat]);
    }
  const sorted = [...groups.values()].sort(
    ([a], [b]) => coverage(b!) - coverage(a!) || b!.length - a!.length,
  );
  for (const group of sorted) {
    // A cut between two layers crosses one value; a cut that is shifted by an operator crosses more.
    const cost = new Map(group.map((repeat) => [repeat, crossings(graph, repeat)]));
    group.sort((a, b) => cost.get(a)! - cost.get(b)!);
    const found = group.find((repeat) => repeat.every((copy) => isConvex(graph, copy)));
    if (found) yield found;
  }
}

/** Sets of nodes of one form: all of them, every second one, every third one, … */
function* anchorSets(
  { forms }: RepeatInput,
  order: readonly number[],
  taken: Set<number>,
): Generator<number[]> {
  const classes = new Map<number, number[]>();
  for (const node of order) {
    if (taken.has(node)) continue;
    const list = classes.get(forms[node]!);
    if (list) list.push(node);
    else classes.set(forms[node]!, [node]);
  }
  for (const nodes of classes.values())
    for (let stride = 1; stride <= MAX_STRIDE && 2 * stride <= nodes.length; stride++)
      for (let first = 0; first < stride; first++) {
        const anchors = nodes.filter((_, i) => i % stride === first);
        if (anchors.length >= 2) yield anchors;
      }
}

/**
 * The copies that grow from the anchors.
 * @param drops whether to go on with the majority where copies disagree; otherwise growth stops there
 */
function grow(graph: RepeatInput, anchors: readonly number[], taken: Set<number>, drops: boolean): Repeat {
  let copies = anchors.map((anchor) => [anchor]);
  const owned = new Set(anchors);
  for (let place = 0; place < (copies[0]?.length ?? 0); place++) {
    const width = graph.sources[copies[0]![place]!]!.length;
    for (let slot = 0; slot < width; slot++) {
      const sources = copies.map((copy) => graph.sources[copy[place]!]![slot]!);
      const agreed = agreement(graph, sources, owned, taken);
      if (!agreed) continue;
      if (agreed.length < copies.length) {
        if (!drops || agreed.length < 2) continue;
        const kept = new Set(agreed);
        copies.forEach((copy, i) => {
          if (!kept.has(i)) for (const node of copy) owned.delete(node);
        });
        copies = copies.filter((_, i) => kept.has(i));
      }
      agreed.forEach((i, copy) => {
        copies[copy]!.push(sources[i]!);
        owned.add(sources[i]!);
      });
    }
  }
  addTails(graph, copies, owned, taken);
  return copies;
}

/** The largest set of copies whose sources are new, distinct and of one form. */
function agreement(
  { forms }: RepeatInput,
  sources: readonly number[],
  owned: Set<number>,
  taken: Set<number>,
): number[] | undefined {
  const groups = new Map<number, number[]>();
  const seen = new Map<number, number>();
  for (const source of sources) seen.set(source, (seen.get(source) ?? 0) + 1);
  sources.forEach((source, copy) => {
    if (owned.has(source) || taken.has(source) || seen.get(source)! > 1) return;
    const list = groups.get(forms[source]!);
    if (list) list.push(copy);
    else groups.set(forms[source]!, [copy]);
  });
  let best: number[] | undefined;
  for (const list of groups.values()) if (list.length > (best?.length ?? 0)) best = list;
  return best;
}

/** Adds nodes that only lead out of the graph, such as outputs: growing against the flow does not reach them. */
function addTails(graph: RepeatInput, copies: number[][], owned: Set<number>, taken: Set<number>) {
  const first = copies[0];
  if (!first) return;
  for (let place = 0; place < first.length; place++) {
    const tails = copies.map((copy) =>
      graph.users[copy[place]!]!.filter(
        (user) =>
          !owned.has(user) &&
          !taken.has(user) &&
          graph.users[user]!.every((next) => owned.has(next)) &&
          graph.sources[user]!.every((source) => copy.includes(source)),
      ),
    );
    for (const tail of new Set(tails[0]!)) {
      const others = tails.map((list) => list.find((user) => graph.forms[user] === graph.forms[tail]));
      if (others.some((user) => user === undefined || owned.has(user))) continue;
      others.forEach((user, copy) => {
        copies[copy]!.push(user!);
        owned.add(user!);
      });
    }
  }
}

/** How many values go into the copies or out of them. */
function crossings(graph: RepeatInput, repeat: Repeat): number {
  let count = 0;
  for (const copy of repeat) {
    const inside = new Set(copy);
    const readers = new Set(copy.flatMap((node) => graph.sources[node]!.filter((n) => !inside.has(n))));
    const makers = copy.filter((node) => graph.users[node]!.some((user) => !inside.has(user)));
    count += readers.size + makers.length;
  }
  return count;
}

/** Whether no path leaves the nodes and comes back. If one did, a box around them would lie on a cycle. */
export function isConvex({ users }: Pick<RepeatInput, 'users'>, nodes: Iterable<number>): boolean {
  const inside = new Set(nodes);
  const queue = [...inside].flatMap((node) => users[node]!.filter((user) => !inside.has(user)));
  const seen = new Set(queue);
  for (let node = queue.pop(); node !== undefined; node = queue.pop())
    for (const user of users[node]!) {
      if (inside.has(user)) return false;
      if (!seen.has(user)) {
        seen.add(user);
        queue.push(user);
      }
    }
  return true;
}

/** An order in which sources come before users; nodes on a cycle keep the order of their numbers. */
export function topological({ sources }: Pick<RepeatInput, 'sources'>): number[] {
  const order: number[] = [];
  const state = new Uint8Array(sources.length);
  for (let root = 0; root < sources.length; root++) {
    const stack = [root];
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
      const open = state[node] === 0 ? sources[node]!.filter((source) => state[source] === 0) : [];
      if (state[node] === 0) state[node] = 1;
      if (open.length > 0) {
        stack.push(...open.toReversed());
        continue;
      }
      stack.pop();
      if (state[node] === 1) {
        state[node] = 2;
        order.push(node);
      }
    }
  }
  return order;
}
