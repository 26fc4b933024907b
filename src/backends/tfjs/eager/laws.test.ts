/** Checks the laws of backends for the eager executor on kernels like TensorFlow's. properties/backends.test.ts has the others. */
import { afterAll, describe, expect, test } from 'vitest';
import { backendLaws } from '../../../../properties/laws/backends.js';
import { checkLaws } from '../../../../properties/suite.js';
import { asOnTensorflow, tensorsAlive } from './testing.js';

const backend = asOnTensorflow();
describe(backend.name, () => {
  checkLaws(backendLaws(backend));

  test('no tensors remain in tfjs', () => {
    expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
    expect(tensorsAlive()).toBe(0);
  });

  afterAll(async () => {
    await backend.close();
  });
});
