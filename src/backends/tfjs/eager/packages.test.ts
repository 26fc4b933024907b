/** Without the packages of tfjs, errors name the missing package and the command that installs it. */
import { expect, test } from 'vitest';
import { E } from '../../../internal/fp.js';
import { loadEngine, LOADS } from './packages.js';

const errorOf = async (name: 'core' | 'webgpu', thrown: Error): Promise<unknown> => {
  const loads = { ...LOADS, [name]: async () => E.left(thrown) };
  const result = await loadEngine('webgpu', 'the tfjs-webgpu backend', loads)();
  return E.isLeft(result) && `${result.left._tag} ${result.left.message}`;
};

const INSTALL = 'npm install @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-webgpu@4.22.0';

test.each([
  "Cannot find package '@tensorflow/tfjs-core' imported from /x.js",
  'Could not resolve "@tensorflow/tfjs-core" imported by "noisefold". Is it installed?', // Vite's
])('without tfjs, the error says how to install it with the engine: %s', async (message) => {
  expect(await errorOf('core', new Error(message))).toBe(
    `BackendUnavailable the tfjs-webgpu backend: expected the optional peer dependency @tensorflow/tfjs-core, got none: it is not installed; install it: ${INSTALL}`,
  );
});

test('without the package of the engine, the error names that one', async () => {
  const message = "Cannot find package '@tensorflow/tfjs-backend-webgpu' imported from /x.js";
  expect(await errorOf('webgpu', new Error(message))).toContain(
    `expected the optional peer dependency @tensorflow/tfjs-backend-webgpu, got none: it is not installed; install it: ${INSTALL}`,
  );
});

test('a broken package is an error with its message', async () => {
  expect(await errorOf('webgpu', new TypeError('x is not a function\nat y'))).toContain(
    `expected @tensorflow/tfjs-backend-webgpu to load, got x is not a function; reinstall it: ${INSTALL}`,
  );
});
