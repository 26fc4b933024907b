import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { arrays } from '../../features/arrays.js';
import { elementwise } from '../../features/elementwise.js';
import { networks } from '../../features/networks.js';
import { type Complaint, compiled6, compiled7 } from './compilers.js';
import { modules, operationNames, wellTyped, wrongUses } from './operations.js';
import { messagesPage } from './page.js';

const program = compiled6(modules);
const six = Object.keys(modules).flatMap(program.complaints);
const seven = compiled7(modules);

test('every operation is among them, once', () => {
  // of which features.test.ts demands that they are what noisefold/dsl exports
  const features = [...elementwise, ...arrays, ...networks].map(({ name }) => name);
  expect([...operationNames].sort()).toEqual(features.sort());
});

describe.each([
  { version: 6, complaints: six },
  { version: 7, complaints: seven },
])('TypeScript $version', ({ complaints }) => {
  const isIn =
    (module: string) =>
    (one: Complaint): boolean =>
      one.module === module;

  test('gives each well-typed use exactly its type', () => {
    const wrong = complaints.filter((one) => !isIn('wrong')(one));
    const use = ({ line }: Complaint): string | undefined => wellTyped.find((one) => one.line === line)?.text;
    expect(wrong.map((one) => [use(one), one.message])).toEqual([]);
  });

  test('compiles no wrong use', () => {
    const lines = new Set(complaints.filter(isIn('wrong')).map(({ line }) => line));
    expect(wrongUses.filter(({ line }) => !lines.has(line)).map(({ text }) => text)).toEqual([]);
    expect(lines.size).toBe(wrongUses.length);
  });
});

test('messages.md is what they say (npm run messages writes it)', async () => {
  const wrong = (complaints: readonly Complaint[]): readonly Complaint[] =>
    complaints.filter(({ module }) => module === 'wrong');
  await expect(messagesPage(wrong(six), wrong(seven))).toMatchFileSnapshot(
    fileURLToPath(new URL('messages.md', import.meta.url)),
  );
});
