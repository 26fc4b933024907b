import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { arrays } from '../../features/arrays.js';
import { elementwise } from '../../features/elementwise.js';
import { networks } from '../../features/networks.js';
import { compiled6, compiled7 } from './compilers.js';
import { allForms, modules, operationNames, unexpected, wellTyped, wrongUses } from './operations.js';
import { messagesPage } from './page.js';

const program = compiled6(modules);
const six = Object.keys(modules).flatMap(program.complaints);
const seven = compiled7(modules);

test('every operation has uses, in both forms if it has a tensor and settings', () => {
  // features.test.ts compares the features with the exports of noisefold/dsl
  const features = [...elementwise, ...arrays, ...networks].map(({ name }) => name);
  expect([...operationNames].sort()).toEqual([...new Set(features)].sort());
  const piped = new Set(allForms.filter(({ form }) => form === 'piped').map(({ name }) => name));
  const unpiped =
    'add sub mul div pow mod maximum minimum atan2 equal notEqual less lessEqual greater greaterEqual and or where concatAll stack fullOf zeros ones scalar constantOf table iota scaleBy attention'; // oxfmt-ignore
  expect(operationNames.filter((name) => !piped.has(name)).join(' ')).toBe(unpiped);
});

test.each([
  { version: 6, complaints: six },
  { version: 7, complaints: seven },
])(
  'TypeScript $version gives each use exactly its type, and each wrong use one error, at the mistake',
  ({ complaints }) => {
    expect(wellTyped.length).toBeGreaterThan(5 * operationNames.length);
    expect(wrongUses.length).toBe(3 * allForms.length);
    expect(unexpected(complaints)).toEqual([]);
  },
);

test('messages.md is a sample of the errors (npm run messages writes it)', async () => {
  const page = messagesPage(six, seven);
  expect(page.split('\n').length).toBeLessThanOrEqual(300);
  await expect(page).toMatchFileSnapshot(fileURLToPath(new URL('messages.md', import.meta.url)));
});
