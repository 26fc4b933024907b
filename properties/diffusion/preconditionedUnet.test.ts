/** A U-Net of continuous time as in EDM: preconditioned, trained, and sampled by Heun's steps at the σ of the paper. */
import { expect, test } from 'vitest';
import {
  cfg,
  edmWeight,
  heun,
  karrasSigmas,
  preconditioned,
  noisingOfSigmas,
  respaceAtSigmas,
  simpleLosses,
  sigmas,
  weightedBy,
} from '../../src/diffusion/index.js';
import { key } from '../../src/dsl/index.js';
import { adam, unet } from '../../src/nn/index.js';
import { fit, sample, type TrainEvent } from '../../src/training/index.js';
import { bars, right } from '../../src/training/testing.js';
import { onWasm } from '../training/onWasm.js';

const network = right(
  unet({
    image: [8, 8, 1],
    base: 8,
    multipliers: [1, 2],
    blocks: 1,
    groups: { channels: 4, most: 4 },
    heads: 1,
    conditions: { label: { classes: 3, nothing: 'zero', at: 'input' } },
    rescale: Math.SQRT1_2,
    resample: 'projected',
    timesteps: 'continuous',
  }),
);
const levels = right(karrasSigmas(40, { min: 0.002, max: 80 }));
const noising = right(noisingOfSigmas([...levels].reverse()));

test('a preconditioned U-Net learns by EDM’s loss and draws by its sampler', () =>
  onWasm(async (backend) => {
    const model = right(preconditioned(network, { as: 'edm', sigmaData: 0.5 }));
    const losses: number[] = [];
    const recipe = {
      model,
      noising,
      optimizer: adam({ learningRate: 2e-3 }),
      loss: weightedBy(edmWeight(0.5))(simpleLosses),
      conditionDropout: 0.1,
      data: bars(60),
      batch: 20,
      steps: 60,
      key: key(5),
      onEvent: (event: TrainEvent) => void ('loss' in event && losses.push(event.loss)),
    };
    const trained = right(await fit(recipe)(backend)());
    const mean = (some: readonly number[]): number => some.reduce((a, b) => a + b, 0) / some.length;
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(mean(losses.slice(-20))).toBeLessThan(0.7 * mean(losses.slice(0, 5)));

    // ten of its levels, bit for bit
    const steps = [...levels].filter((_, i) => i % 4 === 0 || i === 39);
    const short = right(respaceAtSigmas(steps)(noising));
    expect([...sigmas(short.schedule)].reverse()).toEqual(steps);
    const drawing = { solver: heun(), guidance: cfg(1.5), labels: [0, 1, 2], key: key(8) };
    const { data, shape } = right(await sample({ ...trained, noising: short }, drawing)(backend)());
    expect(shape).toEqual([3, 8, 8, 1]);
    expect(data.every(Number.isFinite)).toBe(true);
  }));

test('a network of noise labels is refused as a denoiser until it is preconditioned', () =>
  onWasm(async (backend) => {
    const recipe = { noising, optimizer: adam({ learningRate: 2e-3 }), data: bars(4), batch: 4, steps: 1, key: key(5) };
    expect(await fit({ ...recipe, model: network as never })(backend)()).toMatchObject({
      left: {
        _tag: 'ConfigError',
        actual: 'one of noise labels',
        hint: expect.stringContaining('preconditioned(network'),
      },
    });
  }));
