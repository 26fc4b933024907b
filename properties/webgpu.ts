/** WebGPU, if this machine has it; tests that need it are otherwise skipped, with the reason. */
import { test } from 'vitest';
import { webgpu } from '../src/backends/webgpu/index.js';
import { E } from '../src/internal/fp.js';
import { notAsked } from './asked.js';
import { skippedFor } from './skips.js';

/** The reason why this machine has no WebGPU; empty if it has. */
const missing = async (): Promise<string> => {
  const first = await webgpu()();
  if (E.isLeft(first)) return first.left.message;
  await first.right.close();
  return '';
};

/** The reason why a test has no WebGPU; empty if it has. */
export const noWebgpu = notAsked || (await missing());

/** A test of the webgpu backend; skipped without WebGPU. */
export const testOnWebgpu = (run: () => Promise<void>): void => test('webgpu', skippedFor(noWebgpu), run);
