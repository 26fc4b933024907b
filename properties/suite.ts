/** Laws as tests of vitest. */
import { test } from 'vitest';
import { checkLaw } from './laws/check.js';
import { type Law, titleOf } from './laws/law.js';

/** How many times the laws' own number of samples to take. */
const times = Number(process.env['NOISEFOLD_RUNS'] ?? 1);

/** A hang ends; a slow machine fails no law, however many samples it is given. */
const LONGEST = 600_000 * Math.max(1, times);

/** @param check - where the laws are checked: here, if it is not given */
export const checkLaws = (laws: readonly Law[], check: (law: Law, times: number) => Promise<void> = checkLaw): void => {
  for (const law of laws) test(titleOf(law), () => check(law, times), LONGEST);
};
