/** WebGPU, where this machine has it: a test that needs it shows itself as skipped where not. */
import { test } from 'vitest';
import { webgpu } from '../src/backends/webgpu/index.js';
import { E } from '../src/internal/fp.js';
import { notAsked } from './asked.js';

/** Why this machine has none; empty where it has one. */
const missing = async (): Promise<string> => {
  const first = await webgpu()();
  if (E.isLeft(first)) return first.left.message;
  await first.right.close();
  return '';
};

/** Why a test has no WebGPU, in a word for its name; empty where it has. */
export const noWebgpu = notAsked || (await missing());

/** A test of the webgpu backend, named so; skipped, with the reason in its name, where there is none. */
export const testOnWebgpu = (run: () => Promise<void>): void =>
  test.skipIf(noWebgpu !== '')(noWebgpu === '' ? 'webgpu' : `webgpu: ${noWebgpu}`, run);
