/** Presets are the published configurations, and have the number of parameters that PyTorch counts. */
import { readFileSync } from 'node:fs';
import { unwrap } from 'noisefold';
import {
  classifierArchitecture,
  type ClassifierConfig,
  classifierPresets,
  encoderClassifier,
  parameterCount,
  unet,
  unetArchitecture,
  type UNetConfig,
  unetPresets,
} from 'noisefold/nn';
import { diffusersConfig, edmConfig, guidedDiffusionClassifierConfig, guidedDiffusionConfig } from 'noisefold/weights';
import { describe, expect, test } from 'vitest';

/**
 * A published network: the arguments of its class, and the number of parameters in PyTorch 2.6. Dropout is that of the
 * training.
 */
interface Counted {
  readonly source: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly parameters: number;
}
const published = JSON.parse(readFileSync(new URL('../golden/published.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, Counted>
>;

/** The configuration of a published U-Net. */
const translated = ({ source, config }: Counted) => {
  if (source.startsWith('diffusers')) return unwrap(diffusersConfig(config)).config;
  if (source.startsWith('EDM')) return unwrap(edmConfig(config)).config;
  return unwrap(guidedDiffusionConfig(config, { superResolution: source.endsWith('SuperResModel') })).config;
};

/** Fills in the default lengths of embeddings, so that configurations with and without them are equal. */
const withLengths = <C extends { readonly base: number; readonly timeChannels?: number; readonly embedding?: number }>(
  config: C,
) => ({ ...config, timeChannels: config.timeChannels ?? config.base, embedding: config.embedding ?? 4 * config.base });

describe.each(Object.entries(unetPresets))('%s', (name, preset) => {
  const fixture = published[name]!;
  test('is the published configuration', () => {
    expect(withLengths(unwrap(unetArchitecture(preset)))).toEqual(withLengths(translated(fixture)));
  });
  test('has as many parameters', () => {
    expect(parameterCount(unwrap(unet(preset as UNetConfig)).params)).toBe(fixture.parameters);
  });
});

describe.each(Object.entries(classifierPresets))('%s', (name, preset) => {
  const { config, parameters } = published[name]!;
  test('is the published configuration', () => {
    const { config: own } = unwrap(guidedDiffusionClassifierConfig(config));
    expect(unwrap(classifierArchitecture(preset))).toEqual(own);
  });
  test('has as many parameters', () => {
    expect(parameterCount(unwrap(encoderClassifier(preset as ClassifierConfig)).params)).toBe(parameters);
  });
});

test('docs/models.md lists each preset with its number of parameters', () => {
  const page = readFileSync(new URL('../../docs/models.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `([\w-]+)` .*? (\d{2,3}(?:,\d{3})+) /gm)].map(([, name, count]) => [
    name,
    count,
  ]);
  const count = (params: Parameters<typeof parameterCount>[0]): string => parameterCount(params).toLocaleString('en');
  const ofNetworks = Object.entries<UNetConfig>(unetPresets).map(([name, c]) => [name, count(unwrap(unet(c)).params)]);
  const ofClassifiers = Object.entries<ClassifierConfig>(classifierPresets).map(([name, config]) => [
    name,
    count(unwrap(encoderClassifier(config)).params),
  ]);
  expect(listed).toEqual([...ofNetworks, ...ofClassifiers]);
});
