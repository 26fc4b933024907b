import { describe, expect, it } from 'vitest';
import { numbersOf } from '../../properties/diffusion/run.js';
import { bernoulliLike, cast, constantOf, fork, fullLike, type Key, less, type Tensor, where } from '../dsl/index.js';
import { E } from '../internal/fp.js';
import { argument } from '../internal/schema.js';
import type { Conditions } from './conditions.js';
import { type ConditionDropout, conditionDropout, dropConditions, requiredAfter } from './dropout.js';
import { type ConditionValues, labelOf, tokensOf, vectorOf } from './values.js';

const N = 64;
const label = constantOf(new Int32Array(N).fill(1), N) as Tensor<[number], 'int32'>;
const style = constantOf(new Int32Array(N).fill(0), N) as Tensor<[number], 'int32'>;
const palette = constantOf(new Float32Array(2 * N).fill(1), N, 2) as Tensor<[number, 2]>;
const words = {
  tokens: constantOf(new Float32Array(N).fill(1), N, 1, 1),
  mask: less(constantOf(new Float32Array(N), N, 1), 1),
};
const conditions: Conditions = {
  label: { classes: 3 },
  style: { classes: 2, required: true },
  palette: { vector: 2 },
  words: { tokens: 1, length: 1 },
};
const values = { label, style, palette, words } as unknown as ConditionValues<number>;

/** Which samples lost their label, palette and words; the style of each. */
const drawn = async (dropout: ConditionDropout, of: Conditions = conditions) => {
  const after = (key: Key) => ({ conditions: dropConditions(of, dropout)(key)(values) });
  const labels = await numbersOf((key) => labelOf(after(key))!);
  const styles = await numbersOf((key) => labelOf(after(key), 'style')!);
  const palettes = await numbersOf((key) => vectorOf(after(key), 'palette')!);
  const masks = await numbersOf((key) => cast(tokensOf(after(key), 'words')!.mask, 'float32'));
  expect(labels.every((one) => one === 1 || one === 3)).toBe(true);
  expect(palettes.every((one, i) => one === palettes[i - (i % 2)])).toBe(true); // both numbers of a sample
  return {
    label: labels.map((one) => one === 3),
    palette: palettes.filter((_, i) => i % 2 === 0).map((one) => one === 0),
    words: masks.map((one) => one === 0),
    style: styles,
  };
};

describe('dropConditions', () => {
  it('drops the class of a sample as where(bernoulliLike(key, p, label), classes, label)', async () => {
    const dropped = await numbersOf((key) => labelOf({ conditions: dropConditions(conditions, 0.3)(key)({ label }) })!);
    const expected = await numbersOf((key) => where(bernoulliLike(key, 0.3, label), fullLike(label, 3), label));
    expect(dropped).toEqual(expected);
    expect(new Set(dropped)).toEqual(new Set([1, 3]));
  });

  it('drops all conditions of a sample together, and never a required one', async () => {
    const { label: labels, palette: palettes, words: masks, style: styles } = await drawn(0.5);
    expect(palettes).toEqual(labels);
    expect(masks).toEqual(labels);
    expect(styles).toEqual(Array.from({ length: N }, () => 0));
    expect(new Set(labels).size).toBe(2);
    expect(await drawn({ together: 0.5 })).toEqual(await drawn(0.5));
  });

  it('drops none at 0, and all at 1', async () => {
    const none = dropConditions(conditions, 0);
    await numbersOf((key) => {
      expect(none(key)(values)).toBe(values);
      return label;
    });
    const all = await drawn({ each: 1 });
    expect([...all.label, ...all.palette, ...all.words].every((one) => one)).toBe(true);
  });

  it('drops each condition independently, by name with its own rate', async () => {
    const half = await drawn({ each: 0.5 });
    const flags = [half.label, half.palette, half.words].map((one) => one.join());
    expect(new Set(flags).size).toBe(3);
    const one = await drawn({ each: { palette: 1, words: 0 } });
    expect(one.palette.every((dropped) => dropped)).toBe(true);
    expect([...one.label, ...one.words].some((dropped) => dropped)).toBe(false);
  });

  it('drops each condition by the fork of its name, after those that are dropped together', async () => {
    const dropout = { together: 0.25, each: { label: 0.25, palette: 0.25 } };
    const result = await drawn(dropout);
    const flags = (purpose: string) =>
      numbersOf((key) => cast(bernoulliLike(fork(key, purpose)[purpose]!, 0.25, label), 'int32'));
    const [all, ofLabel, ofPalette] = [await flags('all together'), await flags('label'), await flags('palette')];
    expect(result.label).toEqual(all.map((bit, i) => bit + ofLabel[i]! > 0));
    expect(result.palette).toEqual(all.map((bit, i) => bit + ofPalette[i]! > 0));
    expect(result.words).toEqual(all.map((bit) => bit > 0));
  });

  it('returns missing values as they are', async () => {
    await numbersOf((key) => {
      expect(dropConditions(conditions, 1)(key)({})).toEqual({});
      expect(dropConditions(undefined, 0)(key)({})).toEqual({});
      return label;
    });
  });

  it.each<readonly [Conditions, ConditionDropout, string]>([
    [conditions, { each: { lable: 0.1 } }, 'conditionDropout: each.lable: expected one of the conditions label, style, palette, words, got a condition that the model does not take; did you mean label?'],
    [conditions, { each: { valueOf: 0.1 } }, 'conditionDropout: each.valueOf: expected one of the conditions'],
    [conditions, { each: { style: 0.1 } }, 'conditionDropout: each.style: expected 0, because the denoiser requires it, got 0.1'],
    [{}, 0.1, 'conditionDropout: expected a denoiser with a condition that may be left out, got a denoiser without conditions; give it `conditions`, such as { label: 10 }, or a probability of 0'],
    [{ style: { classes: 2, required: true } }, { each: 0.1 }, 'got a denoiser that requires all of them; make one of them without `required`, or a probability of 0'],
  ])('is refused, %#', (of, dropout, message) => {
    expect(() => dropConditions(of, dropout)).toThrow(message);
  }); // oxfmt-ignore

  it('a rate of 0 of a required condition is no demand', () => {
    expect(() => dropConditions(conditions, { together: 0.1, each: { style: 0 } })).not.toThrow();
  });
});

it('requiredAfter requires what a training never drops', () => {
  const requiredIn = (dropout: ConditionDropout) =>
    Object.entries(requiredAfter(conditions, dropout)).flatMap(([name, { required }]) => (required ? [name] : []));
  expect(requiredIn(0)).toEqual(['label', 'style', 'palette', 'words']);
  expect(requiredIn(0.1)).toEqual(['style']);
  expect(requiredIn({ each: 0.1 })).toEqual(['style']);
  expect(requiredIn({ each: { label: 0.1, words: 0 } })).toEqual(['style', 'palette', 'words']);
  expect(requiredAfter(conditions, 0)['palette']).toEqual({ vector: 2, required: true });
});

describe('the option conditionDropout', () => {
  const decode = argument('loss.conditionDropout', conditionDropout).decode;

  it('is a number, or { together, each }', () => {
    expect(decode(0.1)).toEqual(E.right(0.1));
    expect(decode({ each: { label: 0.1 } })).toEqual(E.right({ together: 0, each: { label: 0.1 } }));
    expect(decode({ together: 0.1 })).toEqual(E.right({ together: 0.1, each: 0 }));
  });

  it.each<readonly [unknown, string]>([
    [2, 'loss.conditionDropout: expected a number from 0 to 1, or { together, each }, got 2; 0.1 is usual'],
    [{ together: -1 }, 'loss.conditionDropout.together: expected a number from 0 to 1, got -1'],
    [{ each: { label: 2 } }, 'loss.conditionDropout.each.label: expected a number from 0 to 1, got 2'],
    [{ each: 'label' }, 'loss.conditionDropout.each: expected a number from 0 to 1, or one by name, got "label"'],
    [{ togeter: 0.1 }, 'loss.conditionDropout.togeter: expected one of the fields together, each, got an unknown field; did you mean together?'],
  ])('refuses %j', (value, message) => {
    const result = decode(value);
    expect(E.isLeft(result) && result.left.message).toContain(message);
  }); // oxfmt-ignore
});
