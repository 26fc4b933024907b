import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { root } from '../types/operations/typescript.js';
import { apiPage, ENTRIES, headingOf } from './apiPage.js';
import { publicNames } from './examples.js';

const names = publicNames();
const features = readFileSync(`${root}FEATURES.md`, 'utf8');
const operations = new Set([...features.matchAll(/^- `(\w+)`: /gm)].map(([, name]) => name!));
const page = apiPage(names, operations);

test('docs/api.md lists the exports and the first sentences of their documentation (npm run api writes it)', async () => {
  await expect(page).toMatchFileSnapshot(`${root}docs/api.md`);
});

test('every export is on the page, in FEATURES.md, or of a backend or the laws', () => {
  const isElsewhere = (entry: string): boolean => /^(backends\/|laws$)/.test(entry);
  const below = (entry: string): string => page.split(`## ${headingOf(entry)}\n`)[1]!.split('\n## ')[0]!;
  expect(new Set(names.map(({ entry }) => entry).filter((entry) => !isElsewhere(entry)))).toEqual(new Set(ENTRIES));
  const isListed = (name: string, entry: string): boolean =>
    below(entry).includes(`- \`${name}\``) || (entry === 'dsl' && operations.has(name));
  const missing = names.filter(({ entry, name }) => !isElsewhere(entry) && !isListed(name, entry));
  expect(missing.map(({ name }) => name)).toEqual([]);
});

test('a name that several imports export is the same declaration in each of them', () => {
  const originOf = new Map(names.toReversed().map((one) => [one.name, one])); // the first import that exports a name
  const shared = names.filter((one) => originOf.get(one.name) !== one);
  const ambiguous = shared.filter(({ name, declaration }) => originOf.get(name)!.declaration !== declaration);
  expect(
    ambiguous.map(({ entry, name }) => `${name}: ${headingOf(originOf.get(name)!.entry)}, ${headingOf(entry)}`),
  ).toEqual([]);
  expect(shared.map(({ name }) => name)).toContain('NoisefoldError'); // a deliberate re-export
});

test('the table of effects.md names the results of functions as they are', () => {
  const table = readFileSync(`${root}docs/effects.md`, 'utf8').split('## unwrap or run')[1]!.split('\n## ')[0]!;
  const rows = table.split('\n').filter((line) => /^\| (an|a|neither) /.test(line));
  const kinds = ['Either', 'effect', 'task', null];
  expect(rows).toHaveLength(kinds.length);
  rows.forEach((row, i) => {
    const functions = [...row.split('|')[2]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
    const actual = functions.map((name) => [name, names.find((one) => one.name === name && one.isValue)?.gives]);
    expect(actual).toEqual(functions.map((name) => [name, kinds[i]]));
  });
});
