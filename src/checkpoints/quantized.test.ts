import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors/safetensors.js';
import { onWasm } from '../../properties/training/onWasm.js';
import { leftOf, right } from '../training/testing.js';
import { readTensors } from './snapshot.js';
import { loadTrained, saveTrained } from './trainedFiles.js';
import { small, untrained } from './untrainedTesting.js';
import { loadWeights } from '../weights/loadWeights.js';

const folder = mkdtempSync(`${tmpdir()}/noisefold-quantized-`);
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = (): string => `${folder}/${files++}.safetensors`;

describe('a trained model', () => {
  test('is a quarter as large in int8, with each parameter within 1/254 of the largest of its output channel', () =>
    onWasm(async (backend) => {
      const [wide, small8] = [newPath(), newPath()];
      const trained = await untrained({ ...small, base: 32, groups: 8 })(backend);
      right(await saveTrained(wide, trained)(backend)());
      right(await saveTrained(small8, trained, { dtype: 'int8' })(backend)());
      const [bytes, bytes8] = [readFileSync(wide).length, readFileSync(small8).length];
      expect(bytes8).toBeLessThan(0.3 * bytes);
      const before = right(await readTensors(trained.params)(backend)());
      const after = right(await readTensors(right(await loadTrained(small8)(backend)()).params)(backend)());
      expect([...after.keys()]).toEqual([...before.keys()]);
      let largestError = 0;
      for (const [name, { shape, data }] of before) {
        const [exact, near] = [data as Float32Array, after.get(name)!.data as Float32Array];
        if (shape.length < 2) expect(near).toEqual(exact);
        const channels = shape.at(-1) ?? 1;
        const largest = new Float32Array(channels);
        exact.forEach((w, i) => (largest[i % channels] = Math.max(largest[i % channels]!, Math.abs(w))));
        exact.forEach((w, i) => {
          const error = Math.abs(w - near[i]!) / Math.max(largest[i % channels]!, 1e-30);
          largestError = Math.max(largestError, error);
        });
      }
      expect(largestError).toBeGreaterThan(0.5 / 254); // the bound is nearly reached
      expect(largestError).toBeLessThan(1.001 / 254);
    }));

  test('in int8 is refused as weights by its dtype, with the function that reads it, under each prefix', () =>
    onWasm(async (backend) => {
      const path = newPath();
      const trained = await untrained(small)(backend);
      right(await saveTrained(path, trained, { dtype: 'int8' })(backend)());
      for (const prefix of ['', 'params'])
        expect(await leftOf(loadWeights(path, trained.model, { prefix })(backend))).toMatchObject({
          _tag: 'CheckpointMismatch',
          hint: expect.stringMatching(/^loadTrained reads this file, which saveTrained wrote as int8/),
        });
      const { actual } = await leftOf(loadWeights(path, trained.model, { prefix: 'params' })(backend));
      expect(actual).toMatch(/^\d+ of another dtype: params\.time\.hidden\.w I32 \[8, 32\] for F32 \[8, 32\], /);
      // the integers of another project have no scales
      const { tensors } = right(decodeSafetensors(path)(readFileSync(path)));
      const bare = new Map([...tensors].filter(([name]) => !name.startsWith('scales.')));
      const bytes = right(encodeSafetensors({ tensors: bare, metadata: {} }));
      expect((await leftOf(loadWeights(bytes, trained.model)(backend))).hint).toMatch(/^give a file in float32/);
    }));

  test('in int8 whose scales have another length is refused', () =>
    onWasm(async (backend) => {
      const path = newPath();
      right(await saveTrained(path, await untrained(small)(backend), { dtype: 'int8' })(backend)());
      const file = right(decodeSafetensors(path)(readFileSync(path)));
      const [name] = [...file.tensors.keys()].filter((one) => one.startsWith('scales.'));
      const tensors = new Map([
        ...file.tensors,
        [name!, { dtype: 'F32', shape: [1], data: Float32Array.of(1) } as const],
      ]);
      const bytes = right(encodeSafetensors({ ...file, tensors }));
      expect(await leftOf(loadTrained(bytes)(backend))).toMatchObject({
        _tag: 'CheckpointMismatch',
        where: `loadTrained: ${name!.slice('scales.'.length)}`,
        actual: expect.stringMatching(/^I8 /),
      });
    }));
});
