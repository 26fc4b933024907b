/** The rate of a backend: memory is freed when a step fails. */
import { expect, test } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { reference } from '../../backends/reference/index.js';
import { failure } from '../../internal/errors.js';
import { E, TE } from '../../internal/fp.js';
import type { Backend } from '../plan/backend.js';
import { task } from './effect.js';
import { matrixProducts } from './peak.js';
import { rateOf } from './rate.js';

const products = matrixProducts([8]);
const FAILED = failure('BackendFailure', { where: 'test', expected: 'a result', actual: 'none', hint: 'none' });

/** A backend whose call number `at` of one function fails. */
const failingAt = (backend: Backend, member: 'upload' | 'read', at: number): Backend => {
  let calls = 0;
  const failed = task<never>(TE.left(FAILED));
  return {
    ...backend,
    upload: (data, dtype) => (member === 'upload' && ++calls === at ? failed : backend.upload(data, dtype)),
    read: (buffer) => (member === 'read' && ++calls === at ? failed : backend.read(buffer)),
  };
};

test('measures a positive rate and frees its memory', async () => {
  const backend = right(await reference()());
  expect(right(await rateOf(backend, products)())).toBeGreaterThan(0);
  expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
});

test.each([
  ['upload', 1],
  ['upload', 2],
  ['read', 1],
  ['read', 2],
] as const)('frees its memory if %s number %i fails', async (member, at) => {
  const backend = right(await reference()());
  expect(await rateOf(failingAt(backend, member, at), products)()).toEqual(E.left(FAILED));
  expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
});
