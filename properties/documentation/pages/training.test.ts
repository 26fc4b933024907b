import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { t } from '../../../src/internal/fp.js';
import { THEIRS } from '../../../src/internal/suggest.js';
import { fits } from '../../../src/training/fit/fit.js';
import { root } from '../../types/operations/typescript.js';
import { testPage } from './page.js';

testPage('docs/training.md');

const page = readFileSync(`${root}docs/training.md`, 'utf8');

/** The rows of the table below a heading, as the texts of their cells. */
const rowsBelow = (heading: string): readonly (readonly string[])[] =>
  page
    .split(`\n## ${heading}\n`)[1]!
    .split('\n## ')[0]!
    .split('\n')
    .filter((line) => /^\| `(?!_tag)/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()).slice(1, -1)); // oxfmt-ignore

const quoted = (text: string): readonly string[] => [...text.matchAll(/`'?([^`']+)'?`/g)].map(([, name]) => name!);

test('the table of options has every option of fit, and says which ones are required', () => {
  const rows = rowsBelow('Options').map(
    ([option, standard]) => [quoted(option!)[0]!, standard === 'required'] as const,
  );
  const namesOf = (isRequired: boolean) => Object.entries(fits.fields).filter(([, field]) => field instanceof t.Type === isRequired).map(([name]) => name).sort(); // oxfmt-ignore
  expect(rows.filter(([, isRequired]) => isRequired).map(([name]) => name).sort()).toEqual(namesOf(true)); // oxfmt-ignore
  expect(rows.filter(([, isRequired]) => !isRequired).map(([name]) => name).sort()).toEqual(namesOf(false)); // oxfmt-ignore
});

test('the table of events has every case and its fields', () => {
  const source = readFileSync(`${root}src/training/fit/trainEvent.ts`, 'utf8');
  const cases = source.split('readonly _tag: ').slice(1).map((text) => [
    text.match(/^'(\w+)'/)![1]!,
    [...text.matchAll(/readonly (\w+)\??:/g)].map(([, name]) => name!),
  ]); // oxfmt-ignore
  const rows = rowsBelow('Events').map(([tag, , fields]) => [
    quoted(tag!)[0]!,
    quoted(fields!).filter((name) => !/^(oracle|heldOut)/.test(name)),
  ]);
  expect(rows).toEqual(cases);
});

test('the table of names of other libraries has every one that errors translate, and the suggestion', () => {
  const rows = rowsBelow('Names of PyTorch and diffusers').flatMap(([there, here]) =>
    quoted(there!).map((name) => [name, quoted(here!)] as const),
  );
  const suggested = Object.entries(THEIRS).map(([name, fields]) => [
    name,
    Object.entries(fields).map(([field, rest]) => `${field}${rest}`),
  ]);
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(suggested));
});
