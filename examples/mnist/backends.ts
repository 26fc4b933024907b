import type { Backend, NoisefoldError } from 'noisefold/dsl';
import { auto } from 'noisefold/backends/auto';
import { cpu } from 'noisefold/backends/cpu';
import { node } from 'noisefold/backends/node';
import { nodeGpu } from 'noisefold/backends/node-gpu';
import { reference } from 'noisefold/backends/reference';
import { wasm } from 'noisefold/backends/wasm';
import { webgpu } from 'noisefold/backends/webgpu';
import type { taskEither as TE } from 'fp-ts';
import type { Settings } from './recipe.js';

/** The backends by name; each starts when it is used. */
export const backends: Readonly<Record<Settings['backend'], () => TE.TaskEither<NoisefoldError, Backend>>> = {
  wasm,
  webgpu,
  'node-gpu': nodeGpu,
  node,
  auto,
  cpu,
  reference,
};
