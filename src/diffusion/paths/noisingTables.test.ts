import { expect, it } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { noisingOfSigmas } from '../grids/sigmaNoising.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { linear, reciprocalBetas } from '../schedules/betaSchedules.js';
import { differingTable, followsFromTables, noisingOfTables, tablesOf } from './noisingTables.js';
import { ddpm } from './discreteNoising.js';

it.each([
  ['cosine', ddpm(cosine(1000))],
  ['linear', ddpm(linear(1000))],
  ['without signal at its end', ddpm(reciprocalBetas(100))],
  ['of σ', noisingOfSigmas([1e-9, 1e-8, 1e-7, 2e-6, 0.002, 0.75, 80, 1e9, Infinity])],
])('the tables of a process restore it bit for bit: %s', (_, value) => {
  const noising = right(value);
  expect(right(noisingOfTables('file', tablesOf(noising)))).toStrictEqual(noising); // by Object.is
  expect(followsFromTables(noising)).toBe(true);
});

it('the first table that differs is named', () => {
  const tables = tablesOf(right(ddpm(cosine(100))));
  expect(differingTable(tables, tablesOf(right(ddpm(cosine(100)))))).toBeUndefined();
  expect(differingTable(tables, tablesOf(right(ddpm(linear(100)))))).toBe('betas');
});

it('marginals that were changed by hand do not follow from the tables', () => {
  const noising = right(ddpm(cosine(100)));
  const marginals = noising.marginals.map(({ alpha, sigma }) => ({ alpha, sigma: sigma / 2 }));
  expect(followsFromTables({ ...noising, marginals })).toBe(false);
});
