import { expect, it } from 'vitest';
import { edm, rectifiedFlow } from '../paths/continuousNoising.js';
import type { DiscreteNoising } from '../paths/discreteNoising.js';
import { limitTimesteps } from './networkTimesteps.js';

it('the timesteps of a denoiser are limited to those of a noising, which may be more than a call has arguments', () => {
  const timesteps = Int32Array.from({ length: 500_000 }, (_, t) => t);
  const marginals = Array.from(timesteps, (t) => ({ alpha: 1, sigma: t + 1 }));
  const noising = { marginals, timesteps, schedule: {}, posteriors: [] } as unknown as DiscreteNoising;
  expect(limitTimesteps(noising)<{ readonly timesteps?: number }>({}).timesteps).toBe(500_000);
  expect(limitTimesteps(noising)({ timesteps: 1000 }).timesteps).toBe(1000);
});

it('a flow has times up to 1000, and a denoiser that reads σ any', () => {
  expect(limitTimesteps(rectifiedFlow())<{ readonly timesteps?: number }>({}).timesteps).toBe(1000);
  expect(limitTimesteps(edm())<{ readonly timesteps?: number }>({}).timesteps).toBe(Infinity);
});
