/**
 * Draws faces in the style pixel-art of DiceBear (design by DiceBear, CC0 1.0; code under the MIT licence). DiceBear draws each
 * layer of a face once; all faces are made of these layers.
 */
import { createAvatar } from '@dicebear/core';
import * as pixelArt from '@dicebear/pixel-art';
import type { NoisefoldError } from 'noisefold/dsl';
import { function as F, taskEither as TE } from 'fp-ts';
import sharp from 'sharp';
import { bytesOf } from '../pictures/sheet.js';
import { type Attributes, SIDE } from './attributes.js';
import { type Drawing, drawings, gazes } from './drawings.js';

/** All that a face shows. */
export interface Face extends Attributes {
  readonly gaze: keyof typeof gazes;
}

const parts: Readonly<Record<string, Readonly<Record<string, Drawing>>>> = { ...drawings, gaze: gazes };

/** Only a head, without background, in a colour that is in no face. */
const BARE: Drawing = {
  ...{ skinColor: ['ff00ff'], clothing: [], eyes: [], mouth: [], hair: [] },
  ...{ accessoriesProbability: 0, beardProbability: 0, glassesProbability: 0, hatProbability: 0 },
};

/**
 * A beard in the SVG of the style: the mask has its form, in the colour of the hair. A mask lets through what is bright, so that
 * a dark beard would be invisible.
 */
const MASKED_BEARD = /<mask[^>]*><path opacity="\.9"([^>]*)\/><\/mask><g.*?<\/g>/;

/** The picture of some parts of a face as DiceBear draws it, RGB and opacity, row by row. */
export const rasterOf = (face: Partial<Face>): TE.TaskEither<NoisefoldError, Uint8Array> => {
  const options = Object.entries(face).reduce<Drawing>(
    (all, [part, value]) => ({ ...all, ...parts[part]?.[value] }),
    BARE,
  );
  const svg = createAvatar(pixelArt, options).toString().replace(MASKED_BEARD, '<path$1/>');
  return bytesOf(sharp(Buffer.from(svg)).ensureAlpha().raw());
};

/**
 * The parts that each layer shows, from the lowest. The skin and the eyes are visible through glasses; the pixels of all other
 * layers are opaque.
 */
const LAYERS: readonly (readonly (keyof Face)[])[] = [
  ['background'],
  ['skin', 'gaze', 'glasses'],
  ['clothing'],
  ['hairColor', 'beard'],
  ['mouth'],
  ['hairColor', 'hair'],
  ['hat'],
];

/** Some parts of faces, with each combination of their values. */
const combinations = (names: readonly (keyof Face)[]): readonly Partial<Face>[] =>
  names.reduce<readonly Partial<Face>[]>(
    (faces, name) => faces.flatMap((face) => Object.keys(parts[name]!).map((value) => ({ ...face, [name]: value }))),
    [{}],
  );

/** The pixels of a picture, each as one number. */
const pixelsOf = (bytes: Uint8Array): Uint32Array => new Uint32Array(Uint8Array.from(bytes).buffer);

const nameOf = (names: readonly (keyof Face)[], face: Partial<Face>): string => names.map((name) => face[name]).join();

/** Draws a layer with all its values: the pixels that it changes on a bare head, and 0 elsewhere. */
const layerOf = (bare: Uint32Array) => (names: readonly (keyof Face)[]) =>
  F.pipe(
    combinations(names),
    TE.traverseArray((face) =>
      F.pipe(
        rasterOf(face),
        TE.map(
          (bytes) => [nameOf(names, face), pixelsOf(bytes).map((pixel, i) => (pixel === bare[i] ? 0 : pixel))] as const,
        ),
      ),
    ),
    TE.map((drawn) => ({ names, pictures: new Map(drawn) })),
  );

/** Draws all layers, and returns a function that draws a face of them: RGB, row by row. */
export const facePainter: TE.TaskEither<NoisefoldError, (face: Face) => Uint8Array> = F.pipe(
  rasterOf({}),
  TE.map(pixelsOf),
  TE.flatMap((bare) => F.pipe(LAYERS, TE.traverseArray(layerOf(bare)))),
  TE.map((layers) => (face) => {
    const pixels = new Uint32Array(SIDE * SIDE);
    for (const { names, pictures } of layers)
      pictures.get(nameOf(names, face))!.forEach((pixel, i) => {
        if (pixel !== 0) pixels[i] = pixel;
      });
    return new Uint8Array(pixels.buffer).filter((_, i) => i % 4 !== 3); // all are opaque
  }),
);
