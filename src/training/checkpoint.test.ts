import { describe, expect, test } from 'vitest';
import { ddpm, linear } from '../diffusion/index.js';
import { key, type NoisefoldError } from '../dsl/index.js';
import { adam, unet } from '../nn/index.js';
import { decodeCheckpoint } from './checkpoint.js';
import { startTraining } from './run.js';
import { leftOf, right, type SmallTraining, smallTraining } from './testing.js';
import { onWasm, bytesAfter } from '../../properties/training/onWasm.js';

describe('a checkpoint', () => {
  test('of another model, key or batch is a CheckpointMismatch that names the difference', () =>
    onWasm(async (backend) => {
      const run = right(await startTraining(smallTraining(0))(backend)());
      const from = right(await run.snapshot());
      const resumed = (change: Partial<SmallTraining>): Promise<NoisefoldError> =>
        leftOf(startTraining({ ...smallTraining(3), from, ...change })(backend));
      expect(await resumed({ batch: 5 })).toMatchObject({
        _tag: 'CheckpointMismatch',
        where: expect.stringContaining('batch'),
      });
      expect(await resumed({ key: key(6) })).toMatchObject({
        _tag: 'CheckpointMismatch',
        where: expect.stringContaining('key'),
      });
      const model = right(
        unet({
          image: [8, 8, 1],
          base: 16,
          multipliers: [1, 2],
          blocks: 1,
          groups: 4,
          heads: 2,
          classes: 3,
          predicts: 'v',
        }),
      );
      expect(await resumed({ model })).toMatchObject({
        _tag: 'CheckpointMismatch',
        where: expect.stringContaining('params.'),
      });
    }));

  test('tells recipes apart though no configuration is given', () =>
    onWasm(async (backend) => {
      const { config: _, ...plain } = { ...smallTraining(1), optimizer: adam({ learningRate: 1e-3 }) };
      const run = right(await startTraining({ ...plain, steps: 0 })(backend)());
      const from = right(await run.snapshot());
      right(await right(await startTraining({ ...plain, from })(backend)()).release());
      const changes = {
        learningRate: { optimizer: adam({ learningRate: 2e-3 }) },
        labelDropout: { labelDropout: 0.2 },
        averageDecay: { averageDecay: 0.9 },
        'process.betas': { process: right(ddpm(linear(100))) },
      };
      for (const [field, change] of Object.entries(changes))
        expect(await leftOf(startTraining({ ...plain, from, ...change })(backend))).toMatchObject({
          _tag: 'CheckpointMismatch',
          where: `checkpoint of step 0: config.${field}`,
        });
    }));

  test('that is cut short, or is another file, is a DecodeError', async () => {
    const bytes = await bytesAfter(smallTraining(1));
    expect(decodeCheckpoint('c')(bytes.subarray(0, bytes.length - 1))).toMatchObject({
      left: { _tag: 'DecodeError' },
    });
    expect(decodeCheckpoint('c')(new Uint8Array(64))).toMatchObject({ left: { _tag: 'DecodeError' } });
  });
});
