/** Pages of `o2o view`, in a browser, from a file: nothing goes wrong, and everything can be found and unfolded. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { main } from '../../lib/cli/o2o.ts';
import type { Module } from '../../lib/ir/graph/index.ts';
import { launchBrowser } from '../support/browser.ts';
import { scratchFolder } from '../support/checkpoint.ts';
import { fakeStreams } from '../support/fake-streams.ts';
import { golden, needShared } from '../support/goldens.ts';
import { layers } from '../support/layers.ts';
import { apply, bytesOfModule } from '../support/passes.ts';
import { textGraph } from '../support/text-graph.ts';

describe('pages of o2o view, in Chromium', function () {
  this.timeout(60_000);
  let scratch: ReturnType<typeof scratchFolder>;
  let browser: Browser | undefined;
  const complaints: string[] = [];
  before(async function () {
    scratch = scratchFolder();
    browser = await launchBrowser(this);
  });
  after(async () => {
    await browser?.close();
    scratch.remove();
  });

  /** Opens the page of some models; whatever the browser complains of fails the test at its end. */
  async function open(...modules: Module[]): Promise<Page> {
    const files = modules.map((module, i) => {
      const file = path.join(scratch.path, `${'ab'[i]}.circle`);
      writeFileSync(file, bytesOfModule(module));
      return file;
    });
    const html = path.join(scratch.path, 'page.html');
    const streams = fakeStreams();
    assert.equal(await main(['view', ...files, '-o', html], streams), 0, streams.err());
    const page = await browser!.newPage({ viewport: { width: 1300, height: 850 } });
    complaints.length = 0;
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) complaints.push(`request of ${request.url()}`);
    });
    page.on('dialog', (dialog) => {
      complaints.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(pathToFileURL(html).href);
    return page;
  }

  async function close(page: Page): Promise<void> {
    await page.close();
    assert.deepEqual(complaints, []);
  }

  const boxes = (page: Page) => page.locator('.box').count();
  const panel = (page: Page) => page.locator('#panel').innerText();

  it('names stay text, and the policy holds', async () => {
    const evil = '</script><img src=x onerror=alert(1)>';
    const { module, value } = textGraph('input x f32[1,4]\ny = NEG(x)\noutput y');
    value('x').name = evil;
    module.graphs[0]!.attributes.name = evil;
    const page = await open(module);
    assert.equal(await page.locator('img').count(), 0);
    await page.locator('.box.input').click();
    assert.ok((await panel(page)).includes(evil));
    // What an attacker would have to manage: the page's policy stops it even then.
    const ran = await page.evaluate<boolean>(`(() => {
      const element = document.createElement('script');
      element.textContent = 'globalThis.ran = true';
      document.body.append(element);
      return 'ran' in globalThis;
    })()`);
    assert.equal(ran, false);
    assert.match(complaints.splice(0).join(), /Content Security Policy/);
    await close(page);
  });

  it('follows the system into the dark, and the button out of it', async () => {
    const page = await open(textGraph('input x f32[1,4]\ny = NEG(x)\noutput y').module);
    const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const light = await ground();
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await ground();
    assert.notEqual(dark, light);
    await page.getByRole('button', { name: 'Dark or light' }).click();
    assert.equal(await ground(), light);
    await close(page);
  });

  it('thirty layers open as one box; the table of parts adds up', async () => {
    const page = await open(textGraph(layers(30)).module);
    assert.equal(await page.getByText('▸ layer × 30').count(), 1);
    assert.ok((await boxes(page)) < 12);
    const cells = () =>
      page.evaluate<string[][]>(
        `[...document.querySelectorAll('.parts tbody tr')].map((row) => [...row.children].map((cell) => cell.innerText))`,
      );
    assert.deepEqual(await cells(), [
      ['layer × 30', '270', '390', '5.76 kB'],
      ['beside them', '3', '6', '128 B'],
      ['all', '273', '396', '5.89 kB'],
    ]);
    await page.locator('.parts .link').click();
    assert.equal((await cells()).length, 31);
    await page.keyboard.press('Enter');
    assert.equal(await page.getByText('▸ layer 29', { exact: true }).count(), 1);
    await close(page);
  });

  it('a long name stands in its box, whole and within the frame', async () => {
    const { module, value } = textGraph('input x f32[1,4]\ny = NEG(x)\noutput y');
    const name = `model.layers.0.${'self_attention_of_the_first_kind.'.repeat(4)}weight`;
    value('x').name = name;
    const page = await open(module);
    const lines = await page.evaluate<{ texts: string[]; isInside: boolean }>(`(() => {
      const box = document.querySelector('.box.input');
      const frame = box.querySelector('.body').getBoundingClientRect();
      const titles = [...box.querySelectorAll('text')];
      const isInside = titles.every((text) => {
        const { left, right, top, bottom } = text.getBoundingClientRect();
        return left >= frame.left && right <= frame.right && top >= frame.top && bottom <= frame.bottom;
      });
      return { texts: titles.filter((text) => text.matches('.title')).map((text) => text.textContent), isInside };
    })()`);
    assert.equal(lines.texts.join(''), name);
    assert.ok(lines.isInside);
    await close(page);
  });

  describe('on the reference data', () => {
    before(needShared);

    it('a decode graph: layers folded, unfolded by click and key, searched, looked at', async () => {
      const page = await open(golden('probe/decode_.circle'));
      assert.ok((await boxes(page)) < 40);
      assert.equal(await page.getByText('▸ layer').count(), 1);
      await page.getByText('▸ layer × 8').click();
      assert.equal(await page.getByText('▸ layer 7').count(), 1);
      assert.ok((await boxes(page)) < 50);
      await page.getByText('▸ layer 0').click();
      assert.equal(await page.getByText('▾ layer 0').count(), 1);
      const unfolded = await boxes(page);
      assert.ok(unfolded > 50);
      await page.keyboard.press('Enter');
      assert.ok((await boxes(page)) < 50, 'Enter folds what is selected');

      await page.keyboard.press('/');
      await page.keyboard.type('softmax 1x16x1x31');
      assert.equal(await page.getByText('16 found').count(), 1);
      assert.equal(await page.locator('.box.block.hit').count(), 8, 'the layers that they lie in are marked');
      await page.keyboard.press('Enter');
      assert.match(await panel(page), /SOFTMAX[\s\S]*layer 0 › attention[\s\S]*beta/);
      assert.equal(await page.locator('.box.selected').count(), 1);
      const shown = await page.locator('.box.selected').boundingBox();
      assert.ok(shown && shown.x > 0 && shown.x < 960 && shown.y > 40 && shown.y < 850, 'it is in sight');
      await page.keyboard.press('Escape');

      await page.keyboard.press('/');
      await page.keyboard.type('fully_connected 256x64');
      await page.keyboard.press('Enter');
      assert.match(await panel(page), /weights[\s\S]*FLOAT32 256×64[\s\S]*mean[\s\S]*std/i);
      assert.ok((await page.locator('.histogram rect').count()) > 10);
      await close(page);
    });

    it('a merged file: a tab a graph, all unfolded at once, and back', async () => {
      const page = await open(golden('probe/model.circle'));
      assert.deepEqual(await page.getByRole('tab').allInnerTexts(), ['prefill', 'decode']);
      await page.getByRole('tab', { name: 'decode' }).click();
      assert.match(await panel(page), /signature decode[\s\S]*INT32 1×1/i);
      await page.keyboard.press(']');
      assert.equal(await page.getByText('ATTENTION', { exact: true }).count(), 8 + 1, 'boxes, and the list');
      await page.keyboard.press('[');
      assert.ok((await boxes(page)) < 40);
      await close(page);
    });

    it('a difference: the replaced block beside its replacement', async () => {
      const fused = golden('probe/decode_.circle');
      apply(fused, 'fuse.attention');
      const page = await open(golden('probe/decode_.circle'), fused);
      assert.match(await panel(page), /45 operators → ATTENTION × 8[\s\S]*layer 0[\s\S]*layer 7/);
      await page.getByText('45 operators → ATTENTION').first().click();
      const added = page.locator('.box.op.added');
      const removed = page.locator('.box.block.removed');
      assert.deepEqual([await added.count(), await removed.count()], [1, 1]);
      const [one, other] = [await added.boundingBox(), await removed.boundingBox()];
      assert.ok(Math.abs(one!.y - other!.y) < 40 && one!.x !== other!.x, 'beside each other');
      await removed.click();
      assert.ok((await page.locator('.box.op.removed').count()) > 40);
      await close(page);
    });
  });
});
