import { expect, it } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { processOfSigmas } from '../grids/sigmaProcess.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { linear, reciprocalBetas } from '../schedules/betaSchedules.js';
import { ddpm } from './process.js';
import { differingTable, followsFromTables, processOfTables, tablesOf } from './processTables.js';

it.each([
  ['cosine', ddpm(cosine(1000))],
  ['linear', ddpm(linear(1000))],
  ['without signal at its end', ddpm(reciprocalBetas(100))],
  ['of σ', processOfSigmas([1e-7, 2e-6, 0.002, 0.75, 80, 1e9, Infinity])],
])('the tables of a process restore it bit for bit: %s', (_, made) => {
  const process = right(made);
  expect(right(processOfTables('file', tablesOf(process)))).toStrictEqual(process); // by Object.is
  expect(followsFromTables(process)).toBe(true);
});

it('the tables of older versions, whose variances are 1 - ᾱ, are those of the same process', () => {
  const process = right(ddpm(cosine(100)));
  const tables = tablesOf(process);
  const older = { ...tables, variances: process.schedule.alphaBars.map((alphaBar) => 1 - alphaBar) };
  expect(older.variances).not.toEqual(Float64Array.from(tables.variances)); // σ² is rounded
  expect(differingTable(tables, older)).toBeUndefined();
  expect(right(processOfTables('file', older))).toStrictEqual(process);
  expect(differingTable(tables, tablesOf(right(ddpm(linear(100)))))).toBe('betas');
});
