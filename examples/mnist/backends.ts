import type { Backend, NoisefoldError } from 'noisefold/dsl';
import { auto } from 'noisefold/backends/auto';
import { reference } from 'noisefold/backends/reference';
import { tfjs } from 'noisefold/backends/tfjs';
import { wasm } from 'noisefold/backends/wasm';
import { webgpu } from 'noisefold/backends/webgpu';
import type { taskEither as TE } from 'fp-ts';
import type { Settings } from './recipe.js';

/** The backends by name; each starts when it is used. */
export const backends: Readonly<Record<Settings['backend'], () => TE.TaskEither<NoisefoldError, Backend>>> = {
  wasm,
  webgpu,
  'tfjs-node-gpu': () => tfjs('node-gpu'),
  'tfjs-node': () => tfjs('node'),
  'tfjs-webgpu': () => tfjs('webgpu'),
  'tfjs-wasm': () => tfjs('wasm'),
  'tfjs-cpu': () => tfjs('cpu'),
  auto,
  reference,
};
