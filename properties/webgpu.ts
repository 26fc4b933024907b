/** WebGPU, where this machine has it: a test that needs it shows itself as skipped where not. */
import { test } from 'vitest';
import { webgpu } from '../src/backends/webgpu/index.js';
import { E } from '../src/internal/fp.js';

const first = await webgpu()();
if (E.isRight(first)) await first.right.close();

/** Why there is none, in a word for the name of a test; empty where there is one. */
export const noWebgpu = E.isLeft(first) ? first.left.message : '';

/** A test of the webgpu backend, named so; skipped, with the reason in its name, where there is none. */
export const testOnWebgpu = (run: () => Promise<void>): void =>
  test.skipIf(noWebgpu !== '')(noWebgpu === '' ? 'webgpu' : `webgpu: ${noWebgpu}`, run);
