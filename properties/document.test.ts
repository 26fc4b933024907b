import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { reference } from '../src/backends/reference/index.js';
import { lawsPage } from './laws/document.js';
import { valueOf } from './oracles/plans.js';

test('LAWS.md is up to date (npm run laws writes it)', async () => {
  const page = readFileSync(new URL('../LAWS.md', import.meta.url), 'utf8');
  expect(page).toBe(lawsPage(valueOf(await reference()())));
});
