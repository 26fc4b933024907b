import { describe, expect, it } from 'vitest';
import { E } from '../internal/fp.js';
import { argument } from '../internal/schema.js';
import { type Conditions, conditionsType, kindOf, mergedConditions, sizeOf, textOf } from './conditions.js';

const decode = argument('unet.conditions', conditionsType).decode;
const messageOf = (result: E.Either<{ readonly message: string }, unknown>): string =>
  E.isLeft(result) ? result.left.message : 'no error';

describe('a configuration of conditions', () => {
  it('has a number or names for classes, and specifications of all kinds', () => {
    const palette = { vector: 8, at: 'input', required: true };
    const words = { tokens: 64, length: 12 };
    const lowRes = { image: 3, noiseLevel: true };
    const style = { classes: 2, names: ['oil', 'ink'], nothing: 'zero', at: 'input' };
    expect(decode({ label: 10, hair: ['short', 'long'], style, palette, words, lowRes })).toEqual(
      E.right({
        label: { classes: 10 },
        hair: { classes: 2, names: ['short', 'long'] },
        style,
        palette,
        words,
        lowRes,
      }),
    );
    expect(decode({})).toEqual(E.right({}));
  });

  const KINDS = 'expected a number of classes, a list of their names, { classes }, { vector }, { tokens, length } or { image }'; // oxfmt-ignore
  it.each<readonly [unknown, string]>([
    [10, 'unet.conditions: expected the kinds of conditions, by name, got 10; give the kinds by name: { label: 10 }'],
    [[10], 'unet.conditions: expected the kinds of conditions, by name, got an array of 1'],
    [{ 'a b': 3 }, 'unet.conditions: expected names of letters, digits and _, got "a b"'],
    [{ '2nd': 3 }, 'expected names of letters, digits and _, got "2nd"'],
    [{ constructor: 3 }, 'expected names that not every object has, got "constructor"'],
    [{ label: 0 }, 'unet.conditions.label: expected a number of classes ≥ 1, got 0'],
    [{ label: 1.5 }, 'unet.conditions.label: expected a number of classes ≥ 1, got 1.5'],
    [{ label: 'ten' }, `unet.conditions.label: ${KINDS}, got "ten"`],
    [{ label: undefined }, `unet.conditions.label: ${KINDS}, got nothing`],
    [{ label: [] }, 'unet.conditions.label: expected the names of classes, got an array of 0'],
    [{ label: { clases: 2 } }, 'unet.conditions.label.clases: expected one of the fields classes, vector, tokens, image, got an unknown field; did you mean classes?'],
    [{ label: { classes: 2, vector: 8 } }, `unet.conditions.label: ${KINDS}, got { classes, vector }`],
    [{ label: { classes: 2, require: true } }, 'unet.conditions.label.require: expected one of the fields classes, names, nothing, at, required, got an unknown field; did you mean required?'],
    [{ label: { classes: 2, nothing: 'rows' } }, `unet.conditions.label.nothing: expected 'row' or 'zero', got "rows"`],
    [{ palette: { vector: 0 } }, 'unet.conditions.palette.vector: expected an integer ≥ 1, got 0'],
    [{ palette: { vector: 8, at: 'inputs' } }, `unet.conditions.palette.at: expected 'output' or 'input', got "inputs"`],
    [{ words: { tokens: 64 } }, 'unet.conditions.words.length: expected an integer ≥ 1, got nothing'],
    [{ lowRes: { image: 3, noiselevel: true } }, 'did you mean noiseLevel?'],
    [{ hair: ['short', 'short'] }, 'unet.conditions.hair: expected names of classes that differ, got "short" twice'],
    [{ hair: { classes: 3, names: ['a', 'b', 'b'] } }, 'unet.conditions.hair.names: expected names of classes that differ, got "b" twice'],
    [{ hair: { classes: 3, names: ['a', 'b'] } }, "unet.conditions.hair: expected 3 names, one for each class, got 2; the names alone are enough: { hair: ['short', 'long'] }"],
  ])('is refused: %j', (config, message) => {
    expect(messageOf(decode(config))).toContain(message);
  }); // oxfmt-ignore
});

it('a specification has a kind, a size and a text', () => {
  const specs = [{ classes: 10 }, { vector: 8 }, { tokens: 64, length: 12 }, { image: 3 }];
  expect(specs.map(kindOf)).toEqual(['classes', 'vector', 'tokens', 'image']);
  expect(specs.map(sizeOf)).toEqual([10, 8, 64, 3]);
  expect(specs.map(textOf)).toEqual(['10 classes', 'vector of size 8', 'tokens of size 64', 'image of size 3']);
});

describe('the conditions of two networks', () => {
  const first: Conditions = { label: { classes: 3, names: ['a', 'b', 'c'] }, palette: { vector: 2, required: true } };

  it('are those of both; one is required if either network requires it', () => {
    const second: Conditions = { label: { classes: 3, required: true }, palette: { vector: 2, required: false } };
    expect(mergedConditions('autoguidance', first, { ...second, small: { image: 1 } })).toEqual(
      E.right({
        label: { classes: 3, names: ['a', 'b', 'c'], required: true },
        palette: { vector: 2, required: true },
        small: { image: 1 },
      }),
    );
    expect(mergedConditions('autoguidance', first)).toEqual(E.right(first));
    expect(mergedConditions('autoguidance', undefined, second)).toEqual(E.right(second));
  });

  it.each<readonly [Conditions, string]>([
    [{ label: { classes: 4 } }, 'autoguidance: expected label with 3 classes, as the denoiser has, got 4 classes'],
    [{ label: { vector: 3 } }, 'autoguidance: expected label with 3 classes, as the denoiser has, got vector of size 3'],
    [{ palette: { vector: 3 } }, 'autoguidance: expected palette with vector of size 2, as the denoiser has, got vector of size 3'],
  ])('are refused if a name has two meanings, %#', (second, message) => {
    expect(messageOf(mergedConditions('autoguidance', first, second))).toContain(message);
  }); // oxfmt-ignore
});
