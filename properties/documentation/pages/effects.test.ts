import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { testPage } from './page.js';

testPage('docs/effects.md');

test('no other page of docs needs fp-ts', () => {
  const docs = fileURLToPath(new URL('../../../docs/', import.meta.url));
  const needing = readdirSync(docs).filter(
    (name) => name.endsWith('.md') && readFileSync(docs + name, 'utf8').includes("from 'fp-ts"),
  );
  expect(needing).toEqual(['effects.md']);
});
