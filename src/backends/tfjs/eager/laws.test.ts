/** Checks the laws of backends for the eager executor, on the engines that run without TensorFlow. */
import { afterAll, describe, expect, test } from 'vitest';
import { backendLaws } from '../../../../properties/laws/backends.js';
import type { Law } from '../../../../properties/laws/law.js';
import { checkLaws } from '../../../../properties/suite.js';
import { standIns, tensorsAlive } from './testing.js';

for (const { backend, inexact, because } of await standIns())
  describe(backend.name, () => {
    const isSkipped = ({ name, subject = name }: Law): boolean => inexact.includes(subject);
    const laws = backendLaws(backend);
    checkLaws(laws.filter((law) => !isSkipped(law)));
    describe.skip(because, () => checkLaws(laws.filter(isSkipped)));

    test('no tensors remain in tfjs', () => {
      expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
      expect(tensorsAlive()).toBe(0);
    });

    afterAll(async () => {
      await backend.close();
    });
  });
