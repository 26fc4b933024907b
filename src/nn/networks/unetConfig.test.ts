import { describe, expect, test } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import { headsOver } from '../layers/heads.js';
import { levelsOf } from './encoderConfig.js';
import { unetArchitecture } from './unetConfig.js';

/** The hint of wrong conditions. */
const BY_NAME = "give the kinds by name: { label: 10 }, or { hair: ['short', 'long'], palette: { vector: 8 } }";

const good = { image: [28, 28, 1], base: 24, multipliers: [1, 2, 2] };

describe('a configuration that cannot work is a ConfigError that says what to change', () => {
  test.each([
    [
      { image: [28, 28, 1], multipliers: [1, 2, 2, 2] },
      'unet.image: expected a height and width that 8 divides, for 4 levels, got 28×28, which is 7×7 at level 2; use at most 3 multipliers, or pad the image to 32×32',
    ],
    [
      { image: [32, 7, 1] },
      'unet.image: expected a height and width that 4 divides, for 3 levels, got 32×7, which is 32×7 at level 0; use one multiplier, or pad the image to 32×8',
    ],
    [
      { groups: 32 },
      'unet.groups: expected a divisor of all channels: input 24, levels 24, 48, 48, got 32, which does not divide 24; choose a divisor of all of them, or make each a multiple of 32',
    ],
    [
      { attention: [7], heads: 5 },
      'unet.heads: expected heads that share the 48 channels at resolution 7 evenly, got 5; choose a divisor',
    ],
    [
      { heads: { channels: 64 } },
      'unet.heads: expected heads that share the 48 channels at resolution 7 evenly, got 64 channels a head; choose a divisor',
    ],
    [
      { attention: [16] },
      'unet.attention: expected resolutions that occur: 28, 14, 7, got 16; name the heights of levels; the bottleneck has its own field, `middle`',
    ],
    [{ dropout: 1 }, 'unet.dropout: expected a rate in [0, 1), got 1; give the fraction that is dropped, such as 0.1'],
    [
      { dropout: -0.1 },
      'unet.dropout: expected a rate in [0, 1), got -0.1; give the fraction that is dropped, such as 0.1',
    ],
    [{ conditions: { label: 0 } }, `unet.conditions.label: expected a number of classes ≥ 1, got 0; ${BY_NAME}`],
    [
      { conditions: { hair: ['short', 'short'] } },
      `unet.conditions.hair: expected names of classes that differ, got "short" twice; ${BY_NAME}`,
    ],
    [
      { conditions: { hair: { classes: 3, names: ['short', 'long'] } } },
      "unet.conditions.hair: expected 3 names, one for each class, got 2; the names alone are enough: { hair: ['short', 'long'] }",
    ],
    [
      { conditions: { palette: { vector: 0 } } },
      `unet.conditions.palette.vector: expected an integer ≥ 1, got 0; ${BY_NAME}`,
    ],
    [
      { conditions: { lowRes: { image: 0 } } },
      `unet.conditions.lowRes.image: expected an integer ≥ 1, got 0; ${BY_NAME}`,
    ],
    [
      { conditions: { time: 3 } },
      'unet.conditions: expected a name other than time, input, levels, middle, norm, output, which are parts of the network, got time; rename the condition',
    ],
    [
      { conditions: { lowRes: { image: 1, noiseLevel: true }, lowResTime: 3 } },
      'unet.conditions: expected a name other than time, input, levels, middle, norm, output, lowResTime, which are parts of the network, got lowResTime; rename the condition',
    ],
    [
      { base: 25, multipliers: [0.5], groups: 1, heads: 1 },
      'unet.multipliers: expected multiples of base 25 that are whole numbers of channels, up to 65536, got [0.5]; such as 0.5 of an even base',
    ],
    [
      { base: 8, timeChannels: 7, sinusoid: 'fourier' },
      'unet.timeChannels: expected an even number, for sines and cosines of random frequencies, got 7; give an even number',
    ],
    [
      { sinusoid: { first: 'sine', shift: 12 } },
      'unet.sinusoid.shift: expected less than 12, half of the sines and cosines, got 12; 0 and 1 are usual',
    ],
    [
      { sinusoid: { first: 'sine', shift: 0, maxPeriod: 0 } },
      'unet.sinusoid.maxPeriod: expected a finite number above 0, got 0; 10000 is usual',
    ],
    [
      { groups: { channels: 9, most: 32 } },
      'unet.groups: expected a divisor of all channels: input 24, levels 24, 48, 48, got 5, which does not divide 48; choose a divisor of all of them, or make each a multiple of 5',
    ],
    [
      { base: 40, multipliers: [1, 2.5], heads: 1, groups: { channels: 4, most: 32 } },
      'unet.groups: expected a divisor of all channels: joined in the decoder 200, 200, 140, 140, 80, 80, got 32, which does not divide 200; choose a divisor of all of them, or make each a multiple of 32',
    ],
    [
      { upHeads: 5 },
      'unet.upHeads: expected heads that share the 48 channels at resolution 7 evenly, got 5; choose a divisor',
    ],
    [{ epsilon: -1 }, 'unet.epsilon: expected a finite number ≥ 0, got -1; 1e-5 is usual, 1e-6 in DDPM'],
    [
      { inputChannels: 0 },
      'unet.inputChannels: expected an integer from 1 to 65536, got 0; leave it out for those of the first level',
    ],
    [
      { base: 2 ** 52 },
      'unet.base: expected an integer from 1 to 65536, got 4503599627370496; 64 is usual for 32×32 images',
    ],
    [
      { base: 2 ** 15, heads: 1, groups: 1 },
      'unet.embedding: expected an integer from 1 to 65536, got 4·base = 131072; give a smaller number',
    ],
    [
      { base: 2 ** 14, multipliers: [1, 1, 8] },
      'unet.multipliers: expected multiples of base 16384 that are whole numbers of channels, up to 65536, got [1, 1, 8]; such as 0.5 of an even base',
    ],
    [{ blocks: 2000 }, 'unet.blocks: expected from 1 to 256 blocks a level, got 2000; 2 is usual'],
    [
      { timesteps: 1e8 },
      'unet.timesteps: expected from 1 to 1000000 timesteps, and at most 2^24 numbers in their embeddings, got 100000000; 1000 is usual',
    ],
    [
      { base: 512, timesteps: 1e6 },
      'unet.timesteps: expected from 1 to 1000000 timesteps, and at most 2^24 numbers in their embeddings, got 1000000; 1000 is usual',
    ],
    [{ base: 0 }, 'unet.base: expected an integer from 1 to 65536, got 0; 64 is usual for 32×32 images'],
    [
      { multipliers: [] },
      'unet.multipliers: expected an array of at least one number, one a level, got an array of 0; such as [1, 2, 2]',
    ],
    [{ multipliers: [1, 0] }, 'unet.multipliers.1: expected a number above 0, up to 1024, got 0; such as [1, 2, 2]'],
    [{ image: [28, 28, 0] }, 'unet.image.2: expected an integer ≥ 1, got 0; give [height, width, channels]'],
    [{ blocks: 0 }, 'unet.blocks: expected from 1 to 256 blocks a level, got 0; 2 is usual'],
    [
      { heads: 0 },
      'unet.heads: expected a number of heads ≥ 1, or { channels }, got 0; 4 is usual, or { channels: 64 } for as many heads as fit',
    ],
    [
      { groups: 0 },
      'unet.groups: expected a number of groups ≥ 1, or { channels, most }, got 0; 8 or 32 is usual; { channels: 4, most: 32 } gives small layers fewer groups',
    ],
    [
      { timesteps: 0 },
      'unet.timesteps: expected from 1 to 1000000 timesteps, and at most 2^24 numbers in their embeddings, got 0; 1000 is usual',
    ],
  ])('%j', (change, message) => {
    expect(
      E.mapLeft(({ message: said }: { message: string }) => said)(unetArchitecture({ ...good, ...change })),
    ).toEqual(E.left(message));
  });
});

describe('a configuration from outside is decoded', () => {
  test.each([
    [{ dropuot: 0.1 }, 'unet.dropuot: expected one of the fields dropout, image, base,'],
    [{ image: [28, 28] }, 'unet.image.2: expected an integer ≥ 1, got nothing'],
    [{ image: [28, 28, 1, 7] }, 'unet.image: expected [height, width, channels], got an array of 4'],
    [{ base: '24' }, 'unet.base: expected an integer from 1 to 65536, got "24"'],
    [{ base: 24.5 }, 'unet.base: expected an integer from 1 to 65536, got 24.5'],
    [{ multipliers: [1, Number.NaN] }, 'unet.multipliers.1: expected a number above 0, up to 1024, got NaN'],
    [{ dropout: Number.NaN }, 'unet.dropout: expected a rate in [0, 1), got NaN'],
    [{ heads: 'many' }, 'unet.heads: expected a number of heads ≥ 1, or { channels }, got "many"'],
    [{ predicts: 'eps' }, "unet.predicts: expected 'epsilon', 'x0', 'v', 'score' or 'velocity', got \"eps\""],
    [{ multipliers: '1, 2' }, 'unet.multipliers: expected an array of at least one number, one a level, got "1, 2"'],
    [{ conditions: 1 }, 'unet.conditions: expected the kinds of conditions, by name, got 1'],
    [{ conditions: { label: '3' } }, 'unet.conditions.label: expected a number of classes, a list of their names, {'],
    [{ conditions: { 'a b': 3 } }, 'unet.conditions: expected names of letters, digits and _, got "a b"'],
    [
      { conditions: { label: { clases: 3 } } },
      'unet.conditions.label.clases: expected one of the fields classes, vector, tokens, image, got an unknown field; did you mean classes?',
    ],
    [
      { conditions: { lowRes: { image: 1, noiseLvel: true } } },
      'unet.conditions.lowRes.noiseLvel: expected one of the fields image, noiseLevel, required, got an unknown field; did you mean noiseLevel?',
    ],
    [{ classes: 3, conditions: { hair: 2 } }, 'unet.classes: expected one of the fields image, base,'],
    [{ learnedVariance: true }, "unet.learnedVariance: expected 'range' or 'logVariance', got true"],
    [
      { sinusoid: 'rope' },
      "unet.sinusoid: expected 'ddpm', 'guided-diffusion' or 'fourier', or { first, shift, maxPeriod, scale }, got \"rope\"",
    ],
    [
      { timesteps: 'many' },
      'unet.timesteps: expected a number of timesteps, an integer ≥ 0, or \'continuous\', got "many"',
    ],
    [
      { resample: 'bicubic' },
      "unet.resample: expected 'convolution', 'pool', 'residual' or 'projected', got \"bicubic\"",
    ],
  ])('%j', (change, message) => {
    const result = unetArchitecture({ ...good, ...change });
    expect(result).toMatchObject({ left: { _tag: 'ConfigError' } });
    expect(E.isLeft(result) && result.left.message).toContain(message);
  });

  test.each([null, undefined, 7, [], 'unet'])('%j is not a configuration', (value) => {
    expect(E.isLeft(unetArchitecture(value))).toBe(true);
  });
});

describe('a valid configuration', () => {
  test('gets its defaults', () => {
    expect(right(unetArchitecture(good))).toEqual({
      image: [28, 28, 1],
      base: 24,
      multipliers: [1, 2, 2],
      blocks: 2,
      attention: [],
      heads: 4,
      middle: 'attention',
      groups: 8,
      epsilon: 1e-5,
      adaptiveGroupNorm: false,
      resample: 'convolution',
      filter: 'box',
      padding: 'symmetric',
      encoder: 'plain',
      rescale: 1,
      dropout: 0,
      timesteps: 1000,
      sinusoid: 'ddpm',
      recompute: false,
      upAttention: 'every',
      predicts: 'epsilon',
    });
  });

  test('comes back from JSON as it is', () => {
    const architecture = right(
      unetArchitecture({
        ...good,
        attention: [7, 14],
        heads: { channels: 12 },
        conditions: {
          label: ['cat', 'dog'],
          palette: { vector: 8, at: 'input' },
          lowRes: { image: 1, noiseLevel: true },
        },
        predicts: 'score',
        learnedVariance: 'range',
      }),
    );
    expect(unetArchitecture(JSON.parse(JSON.stringify(architecture)))).toEqual(E.right(architecture));
  });

  test('has its conditions as specifications; none at all are left out', () => {
    const conditionsOf = (conditions: object) => right(unetArchitecture({ ...good, conditions })).conditions;
    expect(conditionsOf({ label: 10, hair: ['short', 'long'], small: { image: 3 } })).toEqual({
      label: { classes: 10 },
      hair: { classes: 2, names: ['short', 'long'] },
      small: { image: 3 },
    });
    expect(right(unetArchitecture({ ...good, conditions: {} }))).toEqual(right(unetArchitecture(good)));
  });

  test.each<[former: object, conditions: object]>([
    [{ noClass: 'row', labelsAt: 'output' }, {}],
    [{ classes: 3, noClass: 'row', labelsAt: 'output' }, { label: 3 }],
    [{ classes: 3, noClass: 'zero', labelsAt: 'input' }, { label: { classes: 3, nothing: 'zero', at: 'input' } }],
    [{ classes: 3, noClass: 'never' }, { label: { classes: 3, required: true } }],
    [{ augment: 9 }, { augment: { vector: 9, at: 'input' } }],
    [{ condition: { channels: 2 } }, { condition: { image: 2, required: true } }],
    [{ condition: { channels: 2, noiseLevel: true } }, { condition: { image: 2, noiseLevel: true, required: true } }],
  ])('may be from a file in which conditions had no names: %j', (former, conditions) => {
    expect(unetArchitecture({ ...good, ...former })).toEqual(unetArchitecture({ ...good, conditions }));
  });

  test('has attention at the levels of the given resolutions', () => {
    const { levels, heads } = (() => {
      const architecture = right(unetArchitecture({ ...good, image: [28, 20, 1], attention: [14] }));
      return { levels: levelsOf(architecture), heads: architecture.heads };
    })();
    expect(levels).toEqual([
      { height: 28, width: 20, channels: 24, attends: false },
      { height: 14, width: 10, channels: 48, attends: true },
      { height: 7, width: 5, channels: 48, attends: false },
    ]);
    expect(headsOver(heads, 48)).toBe(4);
    expect(headsOver({ channels: 12 }, 48)).toBe(4);
  });

  test('may have one level, of any size', () => {
    expect(E.isRight(unetArchitecture({ ...good, image: [7, 5, 3], multipliers: [1] }))).toBe(true);
  });
});
