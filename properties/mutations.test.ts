/** The mistakes that `npm run mutations` plants: their texts must stand in the sources, or none would be planted. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));

interface Mutation {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const { mutations } = (await import(new URL('../scripts/mutations/list.mjs', import.meta.url).href)) as {
  readonly mutations: readonly Mutation[];
};

test('each mistake replaces a text that occurs once in its file', () => {
  expect(mutations.length).toBeGreaterThan(40);
  const stale = mutations.filter(
    ({ file, from, to }) => from === to || readFileSync(join(root, file), 'utf8').split(from).length !== 2,
  );
  expect(stale.map(({ name }) => name)).toEqual([]);
});
