/** Network R in Chromium, on a page that is isolated from others, beside Node on the same number of threads. */
import { existsSync } from 'node:fs';
import type { Backend } from 'noisefold/dsl';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import type { PageRunner } from '../browserPage.js';
import { median, milliseconds } from '../measure.js';
import type { NetworkRecipe } from '../network.js';
import { runnerOn } from '../runner.js';
import { atMost, information, type Row } from '../table.js';

const TASKS = ['forward', 'step'] as const;

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** The built program of the page, from the root of the repository, as all files of the bench. */
const program = async (): Promise<string> => {
  const built = await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      target: 'es2023',
      rolldownOptions: { input: 'dist/bench/browserPage.js', output: { codeSplitting: false } },
    },
  });
  const [result] = [built].flat();
  if (result === undefined || !('output' in result)) throw new Error('expected a bundle');
  return result.output[0].code;
};

/** `backend` runs in Node, without pairing: browsers do not pair vectors. */
export const browserSection = async (
  backend: Backend,
  recipe: NetworkRecipe,
  rounds: number,
): Promise<readonly Row[]> => {
  if (!existsSync(executablePath)) return [information('R in Chromium', NaN, '', `there is no ${executablePath}`)];
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const page = await browser.newPage();
  await page.route('**/*', (route) => route.fulfill({ headers, contentType: 'text/html', body: '<!doctype html>' }));
  await page.goto('http://localhost/');
  await page.addScriptTag({ type: 'module', content: await program() });
  const passes = await page.waitForFunction(() => (globalThis as unknown as { readonly passes?: PageRunner }).passes);
  const inNode = await runnerOn(backend, recipe);
  const times = TASKS.map(() => ({ node: [] as number[], page: [] as number[] }));
  for (let round = -1; round < rounds; round++)
    for (const [i, task] of TASKS.entries()) {
      const node = await milliseconds(inNode[task]);
      const there = await passes.evaluate((runner, name) => (runner as PageRunner)[name](), task);
      if (round < 0) continue; // the first round is slower
      times[i]!.node.push(node);
      times[i]!.page.push(there);
    }
  await inNode.release();
  const version = browser.version();
  await browser.close();
  return TASKS.map((task, i) => {
    const [own, there] = [median(times[i]!.node), median(times[i]!.page)];
    const note = `${there.toFixed(0)} ms in Chromium ${version}, ${own.toFixed(0)} ms in Node`;
    return atMost(`R: ${task}, Chromium / Node without pairing`, there / own, 1.15, '', note);
  });
};
