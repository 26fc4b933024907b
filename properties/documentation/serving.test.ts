import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { testPage } from './page.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

testPage('docs/serving.md');

test('the worker and the page are those of the example, which has its own tests', () => {
  const blocks = readFileSync(`${root}docs/serving.md`, 'utf8').matchAll(/```typescript\n([\s\S]*?)```/g);
  expect(Array.from(blocks, ([, code]) => code)).toEqual(
    ['worker', 'page'].map((name) => readFileSync(`${root}examples/page-worker/${name}.ts`, 'utf8')),
  );
});
