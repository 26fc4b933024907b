import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { judge } from './modules.js';
import type { Kind } from './program.js';
import { programs } from './programs.js';
import { pendingList, report } from './verdict.js';

const all = judge(programs);

/**
 * `NOISEFOLD_PROGRAMS=pending npm test -- properties/types/programs` prints each program that is not as it should be, with
 * what the compilers say; another value prints the programs whose group and name match it, as a regular expression.
 */
const pattern = process.env['NOISEFOLD_PROGRAMS'];
if (pattern !== undefined) console.log(report(all, pattern));

test('there are programs of each kind, with different names', () => {
  const count = (kind: Kind): number => programs.filter((program) => program.kind === kind).length;
  expect(count('right')).toBeGreaterThan(120);
  expect(count('wrong')).toBeGreaterThan(300);
  expect(count('hit') + count('miss')).toBeGreaterThan(60);
  const titles = programs.map(({ group, name }) => `${group}: ${name}`);
  expect(titles.filter((title, i) => titles.indexOf(title) < i)).toEqual([]);
});

/** `--update` writes the list. */
test('right programs compile, and wrong ones have one error, at the mistake; but for those that are pending', async () => {
  await expect(pendingList(all)).toMatchFileSnapshot(fileURLToPath(new URL('pending.txt', import.meta.url)));
});
