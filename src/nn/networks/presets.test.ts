import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { type ClassifierConfig, encoderClassifier } from './encoderClassifier.js';
import { classifierPresets, parameterCount, unetPresets } from './presets.js';
import { unet } from './unet.js';
import type { UNetConfig } from './unetConfig.js';

/** Counted in PyTorch, by networks with the names and shapes of the published code. */
const counts: Readonly<Record<keyof typeof unetPresets, number>> = {
  'ddpm-cifar10': 35_746_307,
  'ddpm-256': 113_673_219,
  'iddpm-cifar10': 52_546_438,
  'iddpm-imagenet64': 121_063_942,
  'iddpm-imagenet64-cond': 273_049_350,
  'adm-64': 295_904_454,
  'adm-128': 421_529_606,
  'adm-256': 553_838_086,
  'adm-256-uncond': 552_814_086,
  'adm-512': 558_997_638,
  'adm-64-256': 311_795_910,
  'adm-128-512': 308_835_270,
  'edm-cifar10': 55_733_891,
  'edm-cifar10-cond': 55_735_299,
  'edm-cifar10-ncsnpp': 56_397_827,
  'edm-cifar10-ncsnpp-cond': 56_400_643,
  'edm-ffhq64': 61_805_571,
  'edm-ffhq64-ncsnpp': 62_761_091,
  'edm-afhqv2-64': 61_805_571,
  'edm-afhqv2-64-ncsnpp': 62_761_091,
  'edm-imagenet64': 295_899_267,
};

const classifiers: Readonly<Record<keyof typeof classifierPresets, number>> = {
  'adm-classifier-64': 65_438_568,
  'adm-classifier-128': 42_568_040,
  'adm-classifier-256': 54_096_360,
  'adm-classifier-512': 54_448_360,
};

describe('published networks have as many parameters as theirs', () => {
  test.each<[string, UNetConfig]>(Object.entries(unetPresets))('%s', (name, config) => {
    expect(parameterCount(right(unet(config)).params)).toBe(counts[name as keyof typeof counts]);
  });

  test.each<[string, ClassifierConfig]>(Object.entries(classifierPresets))('%s', (name, config) => {
    expect(parameterCount(right(encoderClassifier(config)).params)).toBe(classifiers[name as keyof typeof classifiers]);
  });
});

test('docs/models.md lists each of them with this number', () => {
  const page = readFileSync(new URL('../../../docs/models.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `([\w-]+)` .*? (\d{2,3}(?:,\d{3})+) /gm)].map(([, name, count]) => [
    name,
    count,
  ]);
  const expected = Object.entries({ ...counts, ...classifiers }).map(([name, n]) => [name, n.toLocaleString('en')]);
  expect(listed).toEqual(expected);
});
