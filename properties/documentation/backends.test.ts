import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { testPage } from './page.js';

testPage('docs/backends.md');

const text = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('what it says of Vite is what the page in the browser does, which is built and driven', () => {
  const [, block = ''] = text('docs/backends.md').split('```js\n');
  const [, paths = ''] = /(import simd from [\s\S]*\};)\n\nconst backend/.exec(block) ?? [];
  const lines = paths.split('\n').filter((line) => line !== '');
  expect(lines).toHaveLength(7);
  const worker = text('examples/browser-webgpu/worker/backends.ts');
  for (const line of lines) expect(worker).toContain(line);
});
