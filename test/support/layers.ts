/** Text of a graph of layers, small: nine operators each, with a softmax, a mask that all of them read and a cache of their own. */

export interface LayerOptions {
  /** Other lines for one of the layers: `h` is what it has in place of NEG. */
  odd?: { layer: number; h: string };
}

export function layers(count: number, { odd }: LayerOptions = {}): string {
  const lines = ['input ids i32[1,1]', 'input position i32[1]', 'const table f32[8,4] = random 1'];
  lines.push('mask = CAST(position) inDataType=i32 outDataType=f32', 'x = GATHER(table, ids)');
  let stream = 'x';
  for (let k = 0; k < count; k++) {
    for (const [i, name] of ['q', 'k', 'o'].entries())
      lines.push(`const w${name}${k} f32[4,4] = random ${3 * k + i + 2}`);
    lines.push(
      `input cache${k} f32[1,1,4]`,
      `q${k} = FULLY_CONNECTED(${stream}, wq${k}, -) keepNumDims=true`,
      `k${k} = FULLY_CONNECTED(${stream}, wk${k}, -) keepNumDims=true`,
      `a${k} = ADD(k${k}, cache${k})`,
      `m${k} = MUL(q${k}, a${k})`,
      `n${k} = ADD(m${k}, mask)`,
      `s${k} = SOFTMAX(n${k}) beta=1`,
      `h${k} = ${odd?.layer === k ? odd.h.replaceAll('#', String(k)) : `NEG(s${k})`}`,
      `o${k} = FULLY_CONNECTED(h${k}, wo${k}, -) keepNumDims=true`,
      `r${k} = ADD(${stream}, o${k})`,
    );
    stream = `r${k}`;
  }
  return [...lines, `y = ABS(${stream})`, 'output y'].join('\n');
}
