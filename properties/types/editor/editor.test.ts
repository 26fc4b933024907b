import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { judged6, mistakesPage, pendingMistakes, signaturesPage } from './pages.js';
import { helpOf6 } from './signatures.js';

const { network, all } = judged6();
const { calls, names } = helpOf6();

const page = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Mistakes that do not have one error at their place yet. */
const PENDING_MISTAKES = {
  'a kernel before the image': '6 errors, the first at the mistake',
  'a misspelt option of a layer': '3 errors, the first at the mistake',
  'patches that are not rearranged to tokens': '2 errors, the first at the mistake',
  'positions for another number of tokens': '5 errors, the first at the mistake',
  'widths of the hidden layer that are swapped': '3 errors, the first elsewhere',
  'a modulation that is split into five parts': '3 errors, the first elsewhere',
  'an embedding of another width': '3 errors, the first at the mistake',
  'labels of another batch': '1 error, the first elsewhere',
  'an image of another number of rows': '2 errors, the first elsewhere',
  'a network whose parameters are not bound': '3 errors, the first at the mistake',
};

/** Calls for which an editor shows `never` first, or a message as the type of a parameter. */
const PENDING_CALLS: readonly string[] = [
  ...['downsample(image, ', 'concat(image, ', 'matmul(tokens, ', 'addBias(image, ', 'addPerSample(image, '],
  'einsum(image, ',
];

test('the transformer compiles', () => {
  expect(network).toEqual([]);
});

test('each mistake is one error, at its place; but for those that are pending', () => {
  expect(all.length).toBeGreaterThan(20);
  expect(pendingMistakes(all)).toEqual(PENDING_MISTAKES);
});

test('dit.md has the messages (npm run messages writes it)', async () => {
  await expect(mistakesPage(all)).toMatchFileSnapshot(page('dit.md'));
});

/** An overload whose arguments no call has, or a parameter whose type is a message. */
const misleads = (text: string): boolean => /^\w+\((?:\.\.\.)?\w+: never\b/.test(text) || /: "[^"]* [^"]* /.test(text);

test('an editor shows arguments that a call can have; but for those that are pending', () => {
  expect(calls.filter(({ text }) => misleads(text)).map(({ call }) => call)).toEqual(PENDING_CALLS);
});

test('the text for a name does not begin with overloads that no call matches', () => {
  expect(Object.keys(names).filter((name) => /: (?:OneError|\{ \(\w+: never)/.test(names[name]!))).toEqual([]);
});

test('signatures.md has the signatures (npm run messages writes it)', async () => {
  await expect(signaturesPage(calls)).toMatchFileSnapshot(page('signatures.md'));
});
