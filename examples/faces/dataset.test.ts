import { unwrap } from 'noisefold';
import { foldIn, key } from 'noisefold/dsl';
import { expect, test } from 'vitest';
import { type Attribute, attributes, type Attributes, heldOutPairs, isHeldOut, namesOf } from './attributes.js';
import { drawFace, facesOf } from './dataset.js';
import { facePainter, rasterOf } from './drawing.js';
import { drawings } from './drawings.js';

const paint = unwrap(await facePainter());

/** Faces for training, and as many that are held out. */
const faces = (count: number) => Array.from({ length: count }, (_, i) => drawFace(foldIn(key(3), i), i % 2 === 0));

/** The colour of a pixel of a picture, as in the options of DiceBear. */
const colorAt = (pixels: Uint8Array, x: number, y: number): string =>
  Buffer.from(pixels.subarray(3 * (16 * y + x), 3 * (16 * y + x + 1))).toString('hex');

test('the layers of a face are what DiceBear draws of the whole face', async () => {
  for (const face of faces(200)) {
    const whole = unwrap(await rasterOf(face)());
    expect(paint(face)).toEqual(Uint8Array.from(whole).filter((_, i) => i % 4 !== 3));
    expect(whole.every((opacity, i) => i % 4 !== 3 || opacity === 255)).toBe(true);
  }
});

test('each other value of an attribute changes the picture, by four pixels or more', () => {
  for (const face of faces(50))
    for (const attribute of namesOf(attributes))
      for (const value of attributes[attribute]) {
        if (value === face[attribute]) continue;
        const [one, other] = [paint(face), paint({ ...face, [attribute]: value })];
        const changed = one.filter((_, i) => i % 3 === 0 && colorAt(one, i / 3, 0) !== colorAt(other, i / 3, 0));
        expect(changed.length, `${attribute}: ${face[attribute]}, ${value}`).toBeGreaterThanOrEqual(4);
      }
});

test('the labels name what the pictures show', async () => {
  const { pixels, labels } = unwrap(await facesOf(key(3), 300)());
  const valueOf = <A extends Attribute>(attribute: A, i: number): Attributes[A] =>
    attributes[attribute][labels[attribute][i]!]!;
  for (let i = 0; i < 300; i++) {
    const face = pixels.subarray(768 * i, 768 * (i + 1));
    expect(colorAt(face, 0, 15)).toBe(drawings.background[valueOf('background', i)].backgroundColor[0]);
    expect(colorAt(face, 7, 15)).toBe(drawings.clothing[valueOf('clothing', i)].clothingColor?.[0]);
    expect(valueOf('beard', i) === 'full').toBe(
      colorAt(face, 4, 11) === drawings.hairColor[valueOf('hairColor', i)].hairColor[0],
    );
  }
});

test('a face depends on the key and its position only', async () => {
  const [one, again, other] = [
    await facesOf(key(1), 40)(),
    await facesOf(key(1), 60)(),
    await facesOf(key(2), 40)(),
  ].map(unwrap);
  expect(again!.pixels.subarray(0, one!.pixels.length)).toEqual(one!.pixels);
  for (const name of namesOf(attributes)) expect(again!.labels[name].subarray(0, 40)).toEqual(one!.labels[name]);
  expect(other!.pixels).not.toEqual(one!.pixels);
});

/** Faces with their attributes by name, of data sets made by `facesOf`. */
const listed = async (size: number, heldOut: boolean) => {
  const { labels } = unwrap(await facesOf(key(5), size, heldOut)());
  return Array.from({ length: size }, (_, i) =>
    Object.fromEntries(namesOf(attributes).map((name) => [name, attributes[name][labels[name][i]!]])),
  ) as readonly Partial<Attributes>[];
};

test('training shows each value, and no pair that is held out', async () => {
  const train = await listed(2000, false);
  for (const pair of heldOutPairs)
    expect(train.filter((face) => namesOf(pair).every((name) => face[name] === pair[name]))).toEqual([]);
  for (const name of namesOf(attributes))
    expect(new Set(train.map((face) => face[name]))).toEqual(new Set(attributes[name]));
  expect((await listed(300, true)).every(isHeldOut)).toBe(true);
});

test('a request that leaves attributes open is held out if it names a pair', () => {
  expect(isHeldOut({ hair: 'long', hairColor: 'blue' })).toBe(true);
  expect(isHeldOut({ hair: 'long', mouth: 'happy' })).toBe(false);
});

test('111,813 of 486,000 combinations are held out', () => {
  const all = namesOf(attributes).reduce<readonly Partial<Attributes>[]>(
    (some, name) => some.flatMap((face) => attributes[name].map((value) => ({ ...face, [name]: value }))),
    [{}],
  );
  // 1 - P(hair, its colour, beard and mouth are allowed) · P(hat and glasses are) · P(clothing and background are)
  const allowed = (1 - (1 / 30 + 1 / 15 + 1 / 30 - 1 / 450)) * (1 - 1 / 12) * (1 - 1 / 30);
  expect(all.length).toBe(486_000);
  expect(all.filter(isHeldOut).length).toBe(Math.round(486_000 * (1 - allowed)));
});
