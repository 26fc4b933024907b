import { expect, test } from 'vitest';
import type { Backend } from '../../dsl/plan/backend.js';
import type { NoisefoldError } from '../../internal/errors.js';
import { E, type taskEither } from '../../internal/fp.js';
import { reference } from '../reference/index.js';
import { tfjs, type TfjsEngine } from '../tfjs/index.js';
import { wasm } from '../wasm/backend.js';
import { webgpu } from '../webgpu/index.js';

/** A backend as called from JavaScript: with any argument. */
type Acquire = (options: unknown) => taskEither.TaskEither<NoisefoldError, Backend>;

const messageOf = async (acquire: unknown, options: unknown): Promise<string> => {
  const result = await (acquire as Acquire)(options)();
  return E.isLeft(result) ? `${result.left._tag} ${result.left.message}` : 'acquired';
};

/** An engine of tfjs, as called from JavaScript. */
const on = (engine: TfjsEngine) => (options: never) => tfjs(engine, options);

test.each([
  [webgpu, { hardwear: true }, 'the webgpu backend.hardwear: expected one of the fields powerPreference, fallback, hardware, got an unknown field; did you mean hardware?'],
  [webgpu, { powerPreference: 'fast' }, 'the webgpu backend.powerPreference: expected \'high-performance\' or \'low-power\', got "fast"; change powerPreference'],
  [wasm, { portabel: true }, 'the wasm backend.portabel: expected one of the fields threads, portable, pairing, kernels, onNotice, got an unknown field; did you mean portable?'],
  [wasm, { threads: 65 }, 'the wasm backend.threads: expected an integer from 0 to 64, got 65; '],
  [wasm, { portable: 7 }, 'the wasm backend.portable: expected boolean, got 7; '],
  [wasm, 'portable', 'the wasm backend: expected '],
  [on('node'), { gpu: true }, 'the tfjs-node backend.gpu: expected no fields, got an unknown field; '],
  [on('node-gpu'), { device: 1 }, 'the tfjs-node-gpu backend.device: expected no fields, got an unknown field; '],
  [on('wasm'), { path: '/' }, 'the tfjs-wasm backend.path: expected the field paths, got an unknown field; did you mean paths?'],
  [on('webgpu'), { fallback: 1 }, 'the tfjs-webgpu backend.fallback: expected boolean, got 1; '],
  [on('cpu'), { threads: 4 }, 'the tfjs-cpu backend.threads: expected no fields, got an unknown field; '],
  [reference, { precision: 'double' }, 'the reference backend.precision: expected no fields, got an unknown field; '],
])('%o rejects %o', async (acquire, options, message) => {
  expect(await messageOf(acquire, options)).toContain(`ConfigError ${message}`);
}); // oxfmt-ignore
