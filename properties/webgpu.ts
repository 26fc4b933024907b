/** WebGPU, where this machine has it: a test that needs it shows itself as skipped where not. */
import { webgpu } from '../src/backends/webgpu/index.js';
import { E } from '../src/internal/fp.js';

const first = await webgpu()();
if (E.isRight(first)) await first.right.close();

/** Why there is none, in a word for the name of a test; empty where there is one. */
export const noWebgpu = E.isLeft(first) ? first.left.message : '';
