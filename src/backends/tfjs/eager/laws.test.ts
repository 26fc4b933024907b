/** The contract of backends, held by the executor of tensors on the engines that run here. */
import { afterAll, describe, expect, test } from 'vitest';
import { backendLaws } from '../../../../properties/laws/backends.js';
import { checkLaws } from '../../../../properties/suite.js';
import { standIns, tensorsAlive } from './testing.js';

for (const backend of await standIns())
  describe(backend.name, () => {
    checkLaws(backendLaws(backend));

    test('nothing stays behind in tfjs', () => {
      expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
      expect(tensorsAlive()).toBe(0);
    });

    afterAll(async () => {
      await backend.close();
    });
  });
