import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { onWasm } from '../../properties/training/onWasm.js';
import { ddim } from '../diffusion/index.js';
import { key } from '../dsl/index.js';
import type { UNetParams } from '../nn/index.js';
import { fit } from '../training/fit/fit.js';
import { sample } from '../training/sample/sample.js';
import { leftOf, right, smallTraining } from '../training/testing.js';
import type { Trained } from './trained.js';
import { loadTrained, saveTrained } from './trainedFiles.js';

test('a model is loaded from the bytes of its file, as in a web page, and damaged bytes are an error', () =>
  onWasm(async (backend) => {
    const folder = mkdtempSync(join(tmpdir(), 'noisefold-bytes-'));
    const path = join(folder, 'model.safetensors');
    const trained = right(await fit(smallTraining(2))(backend)());
    right(await saveTrained(path, trained)(backend)());
    const bytes = new Uint8Array(readFileSync(path));
    rmSync(folder, { recursive: true });
    const draw = async (from: Trained<UNetParams, [8, 8, 1]>) =>
      right(await sample({ solver: ddim(), grid: 4, labels: [1, 2], key: key(3) })(from)(backend)());
    expect(await draw(right(await loadTrained<UNetParams, [8, 8, 1]>(bytes)(backend)()))).toEqual(await draw(trained));

    const { buffers } = backend.stats();
    const errorOf = async (source: Uint8Array) => (await leftOf(loadTrained(source)(backend))).message;
    expect(await errorOf(bytes.subarray(0, bytes.length - 4))).toMatch(
      /^loadTrained: expected \d+ bytes \(from the header\)/,
    );
    bytes[bytes.length - 4]! ^= 1;
    expect(await errorOf(bytes)).toMatch(/^loadTrained: expected CRC-32 /);
    expect(await leftOf(loadTrained(bytes.buffer as never)(backend))).toMatchObject({
      _tag: 'ConfigError',
      where: 'loadTrained',
      expected: expect.stringContaining('the path of a file, or its bytes as a Uint8Array'),
    });
    expect(backend.stats().buffers).toBe(buffers);
  }));
