import { expect, it } from 'vitest';
import { lastTimestep, limitTimesteps } from './networkTimesteps.js';

it('the timesteps of a denoiser are limited to those of a process, which may be more than a call has arguments', () => {
  const timesteps = Int32Array.from({ length: 500_000 }, (_, t) => t);
  expect(lastTimestep(timesteps)).toBe(499_999);
  expect(limitTimesteps({ timesteps })<{ readonly timesteps?: number }>({}).timesteps).toBe(500_000);
  expect(limitTimesteps({ timesteps })({ timesteps: 1000 }).timesteps).toBe(1000);
});
