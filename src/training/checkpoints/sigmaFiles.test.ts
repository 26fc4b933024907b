import { requireDiscrete } from '../../diffusion/levels/noising.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import { onWasm } from '../../../properties/training/onWasm.js';
import { noisingOfSigmas } from '../../diffusion/index.js';
import { decodeSafetensors, encodeSafetensors } from '../../formats/safetensors.js';
import { readBytes, writeAtomically } from '../../node/files.js';
import { leftOf, right } from '../testing.js';
import { loadTrained, saveTrained } from './trainedFiles.js';
import { small, untrained } from './untrainedTesting.js';

const folder = mkdtempSync(`${tmpdir()}/noisefold-sigmas-`);
afterAll(() => rmSync(folder, { recursive: true }));

test('a process of given σ is read even from a file without σ, and damaged σ are a DecodeError', () =>
  onWasm(async (backend) => {
    const path = `${folder}/sigmas.safetensors`;
    const noising = right(noisingOfSigmas([0.01, 0.333, 7, 80])); // σ/α of its marginals is not 0.333
    right(await saveTrained(path, await untrained(small, noising)(backend))(backend)());
    const { tensors, metadata } = right(decodeSafetensors(path)(right(await readBytes(path)())));
    const loadedWith = async (sigmas: Float64Array | null) => {
      const changed = new Map([...tensors].filter(([name]) => name !== 'noising.sigmas'));
      if (sigmas) changed.set('noising.sigmas', { dtype: 'F64', shape: [4], data: sigmas });
      right(await writeAtomically(path, right(encodeSafetensors({ tensors: changed, metadata })))());
      return loadTrained(path, { noising })(backend)();
    };
    expect(tensors.has('noising.sigmas')).toBe(true);
    expect(right(await loadedWith(null)).noising).toBe(noising); // the other tables of the file agree with it
    requireDiscrete('test', right(await loadTrained(path)(backend)()).noising).schedule.sigmas.forEach((sigma, t) =>
      expect(sigma / noising.schedule.sigmas[t]!).toBeCloseTo(1, 14),
    );
    for (const sigmas of [Float64Array.of(0.01, 0.333, 0.2, 80), Float64Array.of(-1, 0.333, 7, 80)]) {
      expect(await loadedWith(sigmas)).toMatchObject({ left: { where: `${path}: noising.sigmas` } });
      const { _tag, where } = await leftOf(loadTrained(path)(backend));
      expect([_tag, where]).toEqual(['DecodeError', `${path}: noising.sigmas`]);
    }
  }));
