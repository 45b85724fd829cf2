import assert from 'node:assert/strict';
import { movedPorts, pairPorts } from '../../../../lib/ir/diff/ports.ts';
import { textGraph } from '../../../support/text-graph.ts';

/** `name:type` by name. */
function portsOf(text: string) {
  const lines = text.split(' ').map((port, i) => {
    const [name, type] = port.split(':') as [string, string];
    return `input ${name === '' ? `unnamed${i}` : name} ${type}`;
  });
  const { graph } = textGraph([...lines, 'output x'].join('\n').replace(/output x$/, ''));
  for (const value of graph.inputs) if (value.name.startsWith('unnamed')) value.attributes.name = null;
  return graph.inputs;
}

const pairs = (a: string, b: string) => pairPorts(portsOf(a), portsOf(b));

describe('ir/diff/ports', () => {
  it('pairs by name, whatever the place and the type', () => {
    assert.deepEqual(pairs('x:f32[1] y:f32[2]', 'y:f32[2] x:i32[3]'), [
      [0, 1],
      [1, 0],
    ]);
  });

  it('pairs the rest in order where type and shape agree, and nothing else', () => {
    assert.deepEqual(pairs('x:f32[1] a:f32[2] b:i32[1]', 'p:f32[2] q:i64[1] x:f32[1]'), [
      [0, 2],
      [1, 0],
    ]);
    assert.deepEqual(pairs(':f32[1] :f32[1]', ':f32[1] :f32[1]'), [
      [0, 0],
      [1, 1],
    ]);
    assert.deepEqual(pairs('x:f32[1]', 'y:i32[1]'), []);
  });

  it('does not take the name of an empty or a repeated one for evidence', () => {
    const [a, b] = [portsOf('x:f32[1] y:f32[1]'), portsOf('y:f32[1] y2:f32[1]')];
    b[1]!.name = 'y';
    assert.deepEqual(pairPorts(a, b), [
      [0, 0],
      [1, 1],
    ]);
    // One tensor may be two outputs.
    const [value] = a;
    assert.deepEqual(pairPorts([value!, value!], [value!, value!]), [
      [0, 0],
      [1, 1],
    ]);
  });

  it('says which pairs stand in another order, and not that places have moved up', () => {
    assert.deepEqual(movedPorts(pairs('a:f32[1] x:f32[1] y:f32[1]', 'x:f32[1] y:f32[1]')), []);
    assert.deepEqual(movedPorts(pairs('x:f32[1] y:f32[1]', 'y:f32[1] x:f32[1]')), [
      [0, 1],
      [1, 0],
    ]);
  });
});
