import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { expect, test, vi } from 'vitest';
import { root } from '../../types/operations/typescript.js';
import { testPage } from './page.js';

testPage('docs/backends.md');

test('the page in a browser shows a picture (after two steps)', async () => {
  const [, code = ''] = readFileSync(`${root}docs/backends.md`, 'utf8').match(/```typescript\n([\s\S]*?)```/)!;
  const append = vi.fn();
  vi.stubGlobal('document', { createElement: () => ({ src: '' }), body: { append } });
  const file = `${root}.cache/page-${process.pid}.ts`;
  mkdirSync(`${root}.cache`, { recursive: true });
  writeFileSync(file, code.replace('steps: 300', 'steps: 2'));
  try {
    await import(pathToFileURL(file).href);
  } finally {
    rmSync(file);
    vi.unstubAllGlobals();
  }
  expect(append).toHaveBeenCalledWith({ src: expect.stringMatching(/^blob:/) });
});
