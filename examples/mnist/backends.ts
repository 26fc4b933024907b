import type { Backend, NoisefoldError } from 'noisefold/dsl';
import { cpu } from 'noisefold/backends/cpu';
import { reference } from 'noisefold/backends/reference';
import { wasm } from 'noisefold/backends/wasm';
import type { taskEither as TE } from 'fp-ts';
import type { Settings } from './recipe.js';

/** The backends by name; none starts before it is used. */
export const backends: Readonly<Record<Settings['backend'], () => TE.TaskEither<NoisefoldError, Backend>>> = {
  wasm,
  cpu,
  reference,
};
