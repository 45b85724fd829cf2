import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { othersShare, othersText, parseTicks, readTicks } from '../../../../scripts/bench/others.ts';
import { need } from '../../../support/need.ts';

const stat = (...numbers: number[]) => `cpu  ${numbers.join(' ')}\ncpu0 1 2 3\nintr 5\n`;
const own = (user: number, system: number, childUser: number, childSystem: number) =>
  `77 (a (node) process) S 1 77 77 0 -1 4194560 900 0 0 0 ${user} ${system} ${childUser} ${childSystem} 20 0 11 0 99\n`;

describe('bench/others', () => {
  it('counts what is not idle, steal too, and its own time with that of its children', () => {
    const ticks = parseTicks(stat(100, 5, 20, 800, 50, 3, 2, 20, 7, 0), own(11, 4, 30, 5));
    assert.deepEqual(ticks, { all: 1000, busy: 150, own: 50 });
  });

  it('is what others used of all cores between two moments', () => {
    const before = { all: 1000, busy: 100, own: 50 };
    assert.equal(othersShare(before, { all: 2000, busy: 600, own: 250 }), 0.3);
    // Clocks of both do not tick together.
    assert.equal(othersShare(before, { all: 2000, busy: 300, own: 260 }), 0);
    assert.equal(othersShare(before, before), null);
    assert.equal(othersShare(null, before), null);
  });

  it('says when the machine was too busy, and when nothing is known', () => {
    assert.deepEqual(othersText(0.02), {
      text: 'other programs used 2 % of the machine meanwhile',
      isTooBusy: false,
    });
    const { text, isTooBusy } = othersText(0.43);
    assert.ok(isTooBusy);
    assert.match(text, /^too busy: other programs used 43 % .* mean little; measure again when it is idle$/);
    for (const unknown of [null, undefined]) assert.match(othersText(unknown).text, /not known/);
  });

  it('takes the work of this process and of its children for its own', function () {
    need(this, 'Linux (/proc)');
    const before = readTicks()!;
    const script = 'const end = performance.now() + 400; while (performance.now() < end);';
    execFileSync(process.execPath, ['-e', script]);
    const after = readTicks()!;
    // 400 ms are 40 ticks of a core that has nothing else to do; a busy machine gives fewer.
    assert.ok(after.own - before.own >= 5, `${after.own - before.own} ticks`);
    assert.ok(after.all > before.all && after.busy > before.busy);
  });
});
