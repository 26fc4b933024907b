import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import {
  continuousCosine,
  continuousLinear,
  continuousSigmoid,
  edm,
  euler,
  interpolant,
  type Noising,
  rectifiedFlow,
  trigonometric,
} from '../diffusion/index.js';
import { key, mul, sub } from '../dsl/index.js';
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors/safetensors.js';
import { onWasm } from '../../properties/training/onWasm.js';
import { writeAtomically } from '../node/files.js';
import { sample } from '../training/sample/sample.js';
import { leftOf, right } from '../training/testing.js';
import { loadTrained, saveTrained } from './trainedFiles.js';
import { hundred, small, untrained } from './untrainedTesting.js';

const folder = mkdtempSync(`${tmpdir()}/noisefold-paths-`);
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = (): string => `${folder}/${files++}.safetensors`;

const config = { ...small, timesteps: 1000, predicts: 'velocity' } as const;
const own = right(interpolant({ name: 'own', alpha: (t) => mul(sub(1, t), sub(1, t)), sigma: (t) => t }));
const other = right(interpolant({ name: 'own', alpha: (t) => sub(1, t), sigma: (t) => t }));

test.each([
  rectifiedFlow(),
  trigonometric(),
  trigonometric({ timeScale: 1 }),
  continuousCosine({ offset: 0.01 }),
  continuousLinear({ betaMax: 15 }),
  continuousSigmoid({ tau: 0.9 }),
  edm(),
])('a file keeps the path $name with its options', (noising) =>
  onWasm(async (backend) => {
    const path = newPath();
    right(await saveTrained(path, await untrained(config, noising)(backend))(backend)());
    const loaded = right(await loadTrained(path)(backend)());
    expect(loaded.noising).toMatchObject({ name: noising.name, options: noising.options, time: noising.time });
    expect(right(await loadTrained(path, { noising })(backend)()).noising).toBe(noising);
  }),
);

test('a model of a loaded flow draws the same samples', () =>
  onWasm(async (backend) => {
    const path = newPath();
    const trained = await untrained(config, rectifiedFlow())(backend);
    right(await saveTrained(path, trained)(backend)());
    const draw = (of: typeof trained) => sample({ solver: euler(), grid: 4, count: 2, key: key(3) })(of)(backend)();
    const samples = right(await draw(trained));
    expect(samples.data.every(Number.isFinite)).toBe(true);
    expect(right(await draw(right(await loadTrained(path)(backend)()) as typeof trained))).toEqual(samples);
  }));

test.each<readonly [string, Noising | undefined, object]>([
  ['an own path that is not given', undefined, { _tag: 'ConfigError', actual: 'none' }],
  ['another with its name', other, { _tag: 'CheckpointMismatch', actual: 'own with other levels' }],
  ['a schedule', hundred, { _tag: 'CheckpointMismatch', actual: 'the noising process of a schedule' }],
])('a file of an own path is refused with %s, and loaded with the path', (_, noising, error) =>
  onWasm(async (backend) => {
    const path = newPath();
    right(await saveTrained(path, await untrained(config, own)(backend))(backend)());
    expect(await leftOf(loadTrained(path, noising && { noising })(backend))).toMatchObject({
      ...error,
      where: `${path}: noising`,
    });
    expect(right(await loadTrained(path, { noising: own })(backend)()).noising).toBe(own);
  }),
);

test('a file of a schedule is refused with a path', () =>
  onWasm(async (backend) => {
    const path = newPath();
    right(await saveTrained(path, await untrained()(backend))(backend)());
    expect(await leftOf(loadTrained(path, { noising: rectifiedFlow() })(backend))).toMatchObject({
      _tag: 'CheckpointMismatch',
    });
  }));

test.each([
  ['no description', undefined],
  ['other options', '{"name":"continuousLinear","options":{"betaMin":-1},"levels":1}'],
  ['no JSON', '{'],
])('a damaged file is a DecodeError: %s', (_, about) =>
  onWasm(async (backend) => {
    const path = newPath();
    right(await saveTrained(path, await untrained(config, continuousLinear())(backend))(backend)());
    const { tensors, metadata } = right(decodeSafetensors(path)(readFileSync(path)));
    const { path: _path, crc32: _crc32, ...others } = metadata;
    const damaged = { tensors, metadata: about === undefined ? others : { ...others, path: about } };
    right(await writeAtomically(path, right(encodeSafetensors(damaged)))());
    expect(await leftOf(loadTrained(path)(backend))).toMatchObject({ _tag: 'DecodeError' });
  }),
);
