/** Preconditioned U-Nets in files of `saveTrained`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import { onWasm } from '../../properties/training/onWasm.js';
import { edm, heun, preconditioned, type PreconditioningOptions } from '../diffusion/index.js';
import { type Backend, key } from '../dsl/index.js';
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors/safetensors.js';
import type { UNet } from '../nn/index.js';
import { readBytes, writeAtomically } from '../node/files.js';
import type { ImageShape } from '../data/dataset.js';
import { sample } from '../training/sample/sample.js';
import { leftOf, right } from '../training/testing.js';
import { loadTrained, saveTrained } from './trainedFiles.js';
import { small, untrained } from './untrainedTesting.js';

const folder = mkdtempSync(`${tmpdir()}/noisefold-preconditioned-`);
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = (): string => `${folder}/${files++}.safetensors`;

const continuous = { ...small, timesteps: 'continuous' } as const;
const wrapped = (options: PreconditioningOptions) => async (backend: Backend) => {
  const trained = await untrained({ ...continuous, conditions: { label: 2 } }, edm())(backend);
  const network = trained.model as unknown as UNet<ImageShape>;
  return { ...trained, model: right(preconditioned(network, options)), noising: edm() };
};

test.each<PreconditioningOptions>([
  { as: 'edm', sigmaData: 1.5 },
  { as: 've' },
  { as: 'vp', betaD: 10 },
  { as: 'iddpm', steps: 50 },
])('is read back by its configuration and its preconditioning, and draws the same samples: %o', (options) =>
  onWasm(async (backend) => {
    const path = newPath();
    const trained = await wrapped(options)(backend);
    right(await saveTrained(path, trained as never)(backend)());
    const loaded = right(await loadTrained(path)(backend)());
    expect(loaded.model).toMatchObject({
      config: trained.model.config,
      preconditioning: trained.model.preconditioning,
      clock: 'level',
    });
    expect(Object.keys(loaded.model).sort()).toEqual(Object.keys(trained.model).sort());
    const draw = (of: unknown) => sample({ solver: heun(), grid: 3, count: 2, labels: [0, 1], key: key(3) })(of as typeof loaded)(backend)(); // oxfmt-ignore
    expect(right(await draw(loaded))).toEqual(right(await draw(trained)));
    expect(await loadTrained(path, { model: trained.model as never })(backend)()).toMatchObject({ _tag: 'Right' });
  }),
);

test('of other constants, or without its preconditioning, is another model', () =>
  onWasm(async (backend) => {
    const path = newPath();
    right(await saveTrained(path, (await wrapped({ as: 'edm', sigmaData: 1.5 })(backend)) as never)(backend)());
    const errorOf = async (model: unknown) => {
      const { _tag, where, expected, actual } = await leftOf(loadTrained(path, { model: model as never })(backend));
      return [_tag, where.slice(path.length), expected, actual];
    };
    const { model } = await wrapped({ as: 'edm' })(backend);
    const differs = ['CheckpointMismatch', ': model.preconditioning.sigmaData', '0.5', '1.5'];
    expect(await errorOf(model)).toEqual(differs);
    const changed = { ...model, apply: (...args: Parameters<typeof model.apply>) => model.apply(...args) };
    expect(await errorOf(changed)).toEqual(['CheckpointMismatch', ': model.name', '"custom"', '"unet"']);
    const { tensors, metadata } = right(decodeSafetensors(path)(right(await readBytes(path)())));
    const damaged = { ...metadata, model: metadata['model']!.replace('1.5', '-1') };
    right(await writeAtomically(path, right(encodeSafetensors({ tensors, metadata: damaged })))());
    expect(await leftOf(loadTrained(path)(backend))).toMatchObject({
      _tag: 'DecodeError',
      where: `${path}: model.config, preconditioned.sigmaData`,
    });
  }));
