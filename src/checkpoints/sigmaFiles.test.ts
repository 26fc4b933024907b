import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import { onWasm } from '../../properties/training/onWasm.js';
import { noisingOfSigmas } from '../diffusion/index.js';
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors/safetensors.js';
import { readBytes, writeAtomically } from '../node/files.js';
import { leftOf, right } from '../training/testing.js';
import { loadTrained, saveTrained } from './trainedFiles.js';
import { small, untrained } from './untrainedTesting.js';

const folder = mkdtempSync(`${tmpdir()}/noisefold-sigmas-`);
afterAll(() => rmSync(folder, { recursive: true }));

test('a process of given σ is read with exactly these, and damaged σ are a DecodeError', () =>
  onWasm(async (backend) => {
    const path = `${folder}/sigmas.safetensors`;
    const noising = right(noisingOfSigmas([1e-9, 0.01, 0.333, 80]));
    right(await saveTrained(path, await untrained(small, noising)(backend))(backend)());
    const { tensors, metadata } = right(decodeSafetensors(path)(right(await readBytes(path)())));
    expect(tensors.has('noising.sigmas')).toBe(true);
    expect(right(await loadTrained(path)(backend)()).noising).toStrictEqual(noising); // by Object.is
    const damaged = [
      [Float64Array.of(1e-9, 0.01, 0.2, 80), 'alphaBars'], // ᾱ is that of another σ
      [Float64Array.of(-1, 0.01, 0.333, 80), 'alphaBars'],
      [Float64Array.of(0, 0.01, 0.333, 80), 'betas'],
    ] as const;
    for (const [sigmas, table] of damaged) {
      const changed = new Map([...tensors, ['noising.sigmas', { dtype: 'F64', shape: [4], data: sigmas }] as const]);
      right(await writeAtomically(path, right(encodeSafetensors({ tensors: changed, metadata })))());
      expect(await loadTrained(path, { noising })(backend)()).toMatchObject({
        left: { where: `${path}: noising.sigmas` },
      });
      const { _tag, where } = await leftOf(loadTrained(path)(backend));
      expect([_tag, where]).toEqual(['DecodeError', `${path}: noising.${table}`]);
    }
  }));
