/** Searching: every word of the query must occur in a node's operator, names or shapes. Pure. */
import type { GraphData, NodeData, PortData } from '../data.ts';

/** For each node the text that is searched. */
export function searchTexts({ nodes, tensors, blocks }: GraphData): string[] {
  const port = ({ tensor }: PortData) => {
    if (tensor === null) return '';
    const { name, type, shape } = tensors[tensor]!;
    return `${name} ${type} ${shape}`;
  };
  const side = ({ inputs, outputs }: Pick<NodeData, 'inputs' | 'outputs'>) =>
    [...inputs, ...outputs].map(port);
  return nodes.map((node) =>
    [
      node.title,
      node.kind === 'op' ? '' : node.kind,
      node.place,
      node.status === 'same' ? '' : node.status,
      blocks[node.block]!.title,
      ...side(node),
      ...(node.before ? side(node.before) : []),
    ]
      .join('\n')
      .toLowerCase(),
  );
}

/**
 * Numbers of the nodes that match; those whose operator matches come first. Shapes can be written 1x16x4, 1×16×4 or
 * [1, 16, 4].
 */
export function search(texts: readonly string[], query: string): number[] {
  const words = wordsOf(query);
  if (words.length === 0) return [];
  const found = texts.flatMap((text, i) => (words.every((word) => text.includes(word)) ? [i] : []));
  // The first line of a text is the operator's name.
  const isTitle = (i: number) => words.some((word) => texts[i]!.split('\n', 1)[0]!.includes(word));
  return [...found.filter(isTitle), ...found.filter((i) => !isTitle(i))];
}

function wordsOf(query: string): string[] {
  const shapes = query.toLowerCase().replace(/\[([\d,\s?]+)\]/g, (_, dims: string) =>
    dims
      .split(/[,\s]+/)
      .filter(Boolean)
      .join('×'),
  );
  return shapes
    .replace(/(?<=\d)\s*[x*,]\s*(?=\d)/g, '×')
    .split(/\s+/)
    .filter(Boolean);
}
