/** The contract of backends, held by the executor of tensors on the engines that run here. */
import { afterAll, describe, expect, test } from 'vitest';
import { backendLaws } from '../../../../properties/laws/backends.js';
import { checkLaws } from '../../../../properties/suite.js';
import { standIns, tensorsAlive } from './testing.js';

for (const { backend, inexact, because } of await standIns())
  describe(backend.name, () => {
    const skipped = (subject: string | undefined): boolean => inexact.some((name) => name === subject);
    checkLaws(backendLaws(backend).filter(({ subject }) => !skipped(subject)));
    if (because !== '')
      describe.skip(because, () => checkLaws(backendLaws(backend).filter(({ subject }) => skipped(subject))));

    test('nothing stays behind in tfjs', () => {
      expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
      expect(tensorsAlive()).toBe(0);
    });

    afterAll(async () => {
      await backend.close();
    });
  });
