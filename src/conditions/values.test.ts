import { describe, expect, it } from 'vitest';
import { numbersOf, outcomeOf } from '../../properties/diffusion/run.js';
import { cast, constantOf, greater, less, ones, type Tensor, zeros } from '../dsl/index.js';
import { E } from '../internal/fp.js';
import type { Conditions } from './conditions.js';
import {
  type Conditioned,
  type ConditionValues,
  imageOf,
  joinConditions,
  labelOf,
  nothingLike,
  replaced,
  requireConditions,
  tokensOf,
  vectorOf,
  without,
} from './values.js';

const label = constantOf(Int32Array.of(0, 2), 2) as Tensor<[2], 'int32'>;
const weights = constantOf([0.25, 0.75, 0, 0, 0, 1], 2, 3) as Tensor<[2, 3]>;
const palette = constantOf([1, -2, 3, -4], 2, 2) as Tensor<[2, 2]>;
const words = {
  tokens: constantOf([1, 2, 3, 4], 2, 2, 1) as Tensor<[2, 2, 1]>,
  mask: less(constantOf([0, 0, 0, 1], 2, 2), 1) as Tensor<[2, 2], 'bool'>, // one token of the second sample
};
const image = constantOf([5, 6], 2, 1, 1, 1) as Tensor<[2, 1, 1, 1]>;
const small = { image, t: constantOf(Int32Array.of(3, 7), 2) as Tensor<[2], 'int32'> };

const conditions: Conditions = {
  label: { classes: 3 },
  palette: { vector: 2 },
  words: { tokens: 1, length: 2 },
  small: { image: 1, noiseLevel: true },
};
const values = { label, palette, words, small } satisfies ConditionValues<2>;

const bits = (mask: Tensor<[2, 2], 'bool'>) => cast(mask, 'float32');
const messageOf = (run: () => unknown): string => {
  try {
    run();
    return 'no error';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('a condition is read by the function of its kind', () => {
  const at: Conditioned<2> = { conditions: { ...values, weights } };
  const readers: Readonly<Record<string, (name: string) => unknown>> = {
    labelOf: (name) => labelOf(at, name),
    vectorOf: (name) => vectorOf(at, name),
    tokensOf: (name) => tokensOf(at, name),
    imageOf: (name) => imageOf(at, name),
  };

  it('which returns the value, or undefined if no sample has one', () => {
    expect(labelOf(at)).toBe(label);
    expect(readers['labelOf']!('weights')).toBe(weights);
    expect(readers['vectorOf']!('palette')).toBe(palette);
    expect(readers['tokensOf']!('words')).toBe(words);
    expect(readers['imageOf']!('small')).toBe(small);
    for (const read of Object.values(readers)) expect(read('other')).toBeUndefined();
    expect(labelOf({})).toBeUndefined();
  });

  it.each([
    ['labelOf', 'words', 'conditions.words: expected the class of each sample, [B] int32, or the weights of its classes, [B, classes], got { tokens: float32 [2, 2, 1], mask: bool [2, 2] }; read a condition by the function of its kind: labelOf, vectorOf, tokensOf or imageOf'],
    ['labelOf', 'small', 'got { image: float32 [2, 1, 1, 1], t: int32 [2] }'],
    ['vectorOf', 'label', 'conditions.label: expected a vector of each sample, [B, D], got int32 [2]'],
    ['tokensOf', 'palette', 'conditions.palette: expected tokens of each sample, { tokens: [B, N, D], mask: [B, N] bool }, got float32 [2, 2]'],
    ['tokensOf', 'small', 'conditions.small: expected tokens'],
    ['imageOf', 'label', 'conditions.label: expected an image of each sample, { image: [B, height, width, C] }, got int32 [2]'],
    ['imageOf', 'words', 'conditions.words: expected an image'],
  ])('%s refuses %s', (reader, name, message) => {
    expect(messageOf(() => readers[reader]!(name))).toContain(message);
  }); // oxfmt-ignore
});

describe('requireConditions', () => {
  const check = (given: object, of: Conditions = conditions, B: number | null = 2) =>
    messageOf(() => requireConditions('unet', of, given as ConditionValues<2>, B));
  const needs = { ...conditions, label: { classes: 3, required: true } };

  it('accepts values of all kinds, weights of classes, missing values, and any batch if it is not known', () => {
    expect(check(values)).toBe('no error');
    expect(check({ ...values, label: weights })).toBe('no error');
    expect(check({})).toBe('no error');
    expect(check({ label }, needs)).toBe('no error');
    expect(check({ label: ones(5, 3) }, conditions, null)).toBe('no error');
    requireConditions('unet');
  });

  it.each<readonly [object, string]>([
    [{ pallette: palette }, 'unet: conditions.pallette: expected one of the conditions label, palette, words, small, got a condition that the model does not take; did you mean palette?'],
    [{ weather: palette }, 'leave it out, or make the model with it'],
    [{ toString: palette }, 'unet: conditions.toString: expected one of the conditions'],
    [{ label: constantOf(Int32Array.of(1), 1) }, 'unet: conditions.label: expected the class of each sample, [B] int32, or the weights of its classes, [B, classes], got int32 [1]; the last extent of label is 3'],
    [{ label: zeros(2) }, 'got float32 [2]'],
    [{ label: zeros(2, 4) }, 'got float32 [2, 4]'],
    [{ label: [0, 2] }, 'got an array of 2'],
    [{ palette: zeros(2, 3) }, 'unet: conditions.palette: expected a vector of each sample, [B, D], got float32 [2, 3]; the last extent of palette is 2'],
    [{ palette: zeros(3, 2) }, 'got float32 [3, 2]'],
    [{ words: words.tokens }, 'unet: conditions.words: expected tokens of each sample, { tokens: [B, N, D], mask: [B, N] bool }, got float32 [2, 2, 1]'],
    [{ words: { ...words, mask: greater(zeros(2, 3), 0) } }, 'got { tokens: float32 [2, 2, 1], mask: bool [2, 3] }'],
    [{ words: { tokens: words.tokens } }, 'got { tokens: float32 [2, 2, 1] }'],
    [{ small: { ...small, image: zeros(2, 4, 4, 2) } }, 'unet: conditions.small: expected an image of each sample, { image: [B, height, width, C] }, got { image: float32 [2, 4, 4, 2], t: int32 [2] }; the last extent of small is 1'],
    [{ small: { image } }, 'unet: conditions.small: expected an image with t, its noise level, got { image: float32 [2, 1, 1, 1] }; give t: 0 for an image without noise'],
    [{ small: { image, t: zeros(2) } }, 'unet: conditions.small: expected the noise level t of each image, [B] int32, got { image: float32 [2, 1, 1, 1], t: float32 [2] }'],
    [{ small: { image, t: constantOf(Int32Array.of(1), 1) } }, 'unet: conditions.small: expected the noise level t of each image, [B] int32'],
  ])('refuses another value, %#', (given, message) => {
    expect(check(given)).toContain(message);
  }); // oxfmt-ignore

  it('refuses a missing value, and a noise level that the model does not take', () => {
    expect(check({ palette }, needs)).toBe(
      'unet: conditions.label: expected the class of each sample, [B] int32, or the weights of its classes, [B, classes], got nothing; give each sample a value: the model needs label',
    );
    expect(check({ small }, { small: { image: 1 } })).toContain(
      'unet: conditions.small: expected an image without t: the model takes no noise level',
    );
    expect(check({ label }, {})).toContain('unet: conditions.label: expected no conditions');
  });

  it('gives a ShapeError for another form, and a ConfigError for another condition', async () => {
    const tagOf = async (given: object) => {
      const outcome = await outcomeOf(() => {
        requireConditions('unet', conditions, given as ConditionValues<2>, 2);
        return label;
      })();
      return E.isLeft(outcome) && outcome.left._tag;
    };
    expect(await tagOf({ palette: zeros(2, 3) })).toBe('ShapeError');
    expect(await tagOf({ small: { image } })).toBe('ConfigError');
    expect(await tagOf({ other: image })).toBe('ConfigError');
  });
});

describe('none, dropped, joined and replaced values', () => {
  it('none is the class `classes`, zeros, or a mask of false', async () => {
    expect(await numbersOf(() => nothingLike(conditions['label']!, label) as Tensor<[2], 'int32'>)).toEqual([3, 3]);
    expect(await numbersOf(() => nothingLike(conditions['label']!, weights) as Tensor<[2, 3]>)).toEqual([0, 0, 0, 0, 0, 0]); // oxfmt-ignore
    expect(await numbersOf(() => nothingLike(conditions['palette']!, palette) as Tensor<[2, 2]>)).toEqual([0, 0, 0, 0]);
    const noWords = nothingLike(conditions['words']!, words) as typeof words;
    expect(await numbersOf(() => bits(noWords.mask))).toEqual([0, 0, 0, 0]);
    expect(await numbersOf(() => noWords.tokens)).toEqual([0, 0, 0, 0]);
    const noImage = nothingLike(conditions['small']!, small) as typeof small;
    expect(await numbersOf(() => noImage.image)).toEqual([0, 0]);
    expect(await numbersOf(() => noImage.t)).toEqual([0, 0]);
  });

  it('without replaces the named values, keeps the others, and adds none', async () => {
    const left = without(conditions, ['label', 'words'], { label, palette });
    expect(Object.keys(left)).toEqual(['label', 'palette']);
    expect(await numbersOf(() => labelOf({ conditions: left })!)).toEqual([3, 3]);
    expect(left['palette']).toBe(palette);
  });

  it('joinConditions joins the batches of each value', async () => {
    const joined = { conditions: joinConditions([values, without(conditions, ['label', 'small'], values)]) };
    expect(await numbersOf(() => labelOf(joined)!)).toEqual([0, 2, 3, 3]);
    expect(await numbersOf(() => vectorOf(joined, 'palette')!)).toEqual([1, -2, 3, -4, 1, -2, 3, -4]);
    expect(await numbersOf(() => tokensOf(joined, 'words')!.tokens)).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
    expect(await numbersOf(() => imageOf(joined, 'small')!.image)).toEqual([5, 6, 0, 0]);
    expect(await numbersOf(() => imageOf(joined, 'small')!.t!)).toEqual([3, 7, 0, 0]);
  });

  it('replaced takes the others for some samples, of any rank and dtype', async () => {
    const second = greater(constantOf([0, 1], 2), 0) as Tensor<[2], 'bool'>;
    const none = without(conditions, Object.keys(values), values) as typeof values;
    const mixed = replaced(second, none, values);
    expect(await numbersOf(() => mixed.label)).toEqual([0, 3]);
    expect(await numbersOf(() => mixed.palette)).toEqual([1, -2, 0, 0]);
    expect(await numbersOf(() => mixed.words.tokens)).toEqual([1, 2, 0, 0]);
    expect(await numbersOf(() => bits(mixed.words.mask))).toEqual([1, 1, 0, 0]);
    expect(await numbersOf(() => mixed.small.image)).toEqual([5, 0]);
    expect(await numbersOf(() => mixed.small.t)).toEqual([3, 0]);
    expect(replaced(second, values, values).palette).toBe(palette);
  });
});
