/** Neither the memory of the backend nor that of the process grows while a plan runs. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { compile, conv2d, key, mean, mul, normalLike, program, read, release, silu, square, sub, upload, valueAndGrad } from 'noisefold/dsl'; // oxfmt-ignore
import { reference } from '../src/backends/reference/index.js';
import { tfjs } from '../src/backends/tfjs/index.js';
import { wasm } from '../src/backends/wasm/backend.js';
import { webgpu } from '../src/backends/webgpu/index.js';
import { valueOf } from './oracles/plans.js';
import { notAsked } from './asked.js';
import { skippedFor } from './skips.js';
import { noWebgpu } from './webgpu.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** The memory of the process in use, in bytes: the JavaScript heap and array buffers outside it. */
const bytesInUse = (): number => {
  collectGarbage();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
};

/** One step of gradient descent on a convolution that should keep noise unchanged. */
const step = program({ w: '3 3 2 2', x: '2 6 6 2', key: 'key' }, (inputs) => {
  const loss = valueAndGrad((w: typeof inputs.w) => {
    const noised = mul(inputs.x, normalLike(inputs.key, inputs.x));
    return mean(square(sub(silu(conv2d(noised, w)), noised)));
  });
  const { value, grad } = loss(inputs.w);
  return { w: sub(inputs.w, mul(grad, 0.1)), loss: value };
});

/** The size that a small object per step would reach in three thousand steps. */
const LEAK = 100 * 3000;

describe.each([
  ['reference', '', reference],
  ['tfjs-cpu', notAsked, () => tfjs('cpu')],
  ['wasm', '', wasm],
  ['webgpu', noWebgpu, webgpu],
])('%s', (_, missing, acquire) => {
  test('thousands of steps of training leave every heap as it was', skippedFor(missing), async () => {
    const backend = valueOf(await acquire()());
    const executable = valueOf(await compile(step, {}, { donate: ['w'] })(backend)());
    const numbers = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(i));
    let w = valueOf(await upload(numbers(36), [3, 3, 2, 2])(backend)());
    const x = valueOf(await upload(numbers(144), [2, 6, 6, 2])(backend)());

    const train = async (steps: number): Promise<number> => {
      let last = NaN;
      for (let i = 0; i < steps; i++) {
        const result = valueOf(await executable.run({ w, x, key: key(i) })());
        w = result.w;
        last = valueOf(await read(result.loss)(backend)())[0]!;
        valueOf(await release(result.loss)(backend)());
      }
      return last;
    };

    expect(await train(1000)).toBeGreaterThan(0);
    const { buffers, bytes } = backend.stats();
    /**
     * The least of three measurements, each after a thousand steps, because code that the engine compiles comes and
     * goes.
     */
    const leastInUse = async (): Promise<number> => {
      const looks: number[] = [];
      for (let i = 0; i < 3; i++) {
        await train(1000);
        looks.push(bytesInUse());
      }
      return Math.min(...looks);
    };
    // a leak grows every time, memory of compiled code settles
    let growth = Infinity;
    for (let before = await leastInUse(), tries = 0; growth > LEAK && tries < 4; tries++) {
      const now = await leastInUse();
      growth = now - before;
      before = now;
    }
    expect(backend.stats()).toMatchObject({ buffers, bytes });
    expect(growth).toBeLessThan(LEAK);
    await backend.close();
  });
});
