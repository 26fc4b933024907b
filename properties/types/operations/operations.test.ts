import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { arrays } from '../../features/arrays.js';
import { elementwise } from '../../features/elementwise.js';
import { networks } from '../../features/networks.js';
import { type Complaint, compiled6, compiled7 } from './compilers.js';
import { modules, operationNames, unexpected, wellTyped, wrongUses } from './operations.js';
import { messagesPage } from './page.js';

const program = compiled6(modules);
const six = Object.keys(modules).flatMap(program.complaints);
const seven = compiled7(modules);

test('every operation is among them, once', () => {
  // of which features.test.ts demands that they are what noisefold/dsl exports
  const features = [...elementwise, ...arrays, ...networks].map(({ name }) => name);
  expect([...operationNames].sort()).toEqual(features.sort());
});

test.each([
  { version: 6, complaints: six },
  { version: 7, complaints: seven },
])('TypeScript $version gives each use exactly its type, and compiles no wrong one', ({ complaints }) => {
  expect(wellTyped.length).toBeGreaterThan(2.5 * operationNames.length);
  expect(wrongUses.length).toBe(3 * operationNames.length);
  expect(unexpected(complaints)).toEqual([]);
});

test('messages.md is what they say (npm run messages writes it)', async () => {
  const wrong = (complaints: readonly Complaint[]): readonly Complaint[] =>
    complaints.filter(({ module }) => module === 'wrong');
  await expect(messagesPage(wrong(six), wrong(seven))).toMatchFileSnapshot(
    fileURLToPath(new URL('messages.md', import.meta.url)),
  );
});
