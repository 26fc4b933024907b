/** A data set of faces with their attributes, drawn from a key. */
import { fork, foldIn, type NoisefoldError, type RandomKey } from 'noisefold/dsl';
import { hostUniform } from 'noisefold/training';
import { function as F, record, taskEither as TE } from 'fp-ts';
import { type Attribute, attributes, type Attributes, heldOutPairsOf, isHeldOut, namesOf, SIDE } from './attributes.js';
import { type Face, facePainter } from './drawing.js';
import { gazes } from './drawings.js';

export interface Faces {
  /** RGB, `[size, 16, 16, 3]`. */
  readonly pixels: Uint8Array;
  /** The value of each attribute, `[size]`, as its position in the list of values. */
  readonly labels: Readonly<Record<Attribute, Int32Array>>;
}

/** The bytes of a face. */
export const FACE = SIDE * SIDE * 3;

const values: Readonly<Record<keyof Face, readonly string[]>> = { ...attributes, gaze: namesOf(gazes) };

/** The values from which a part is drawn: `none` is half of them. */
const urns = record.map((known: readonly string[]) =>
  known.flatMap((value) => (value === 'none' ? known.slice(1).map(() => value) : value)),
)(values);

/** Draws the value of each part independently, until the face is held out, or until it is not. */
export const drawFace = (key: RandomKey, heldOut: boolean): Face => {
  const { parts, next } = fork(key, 'parts', 'next');
  const uniforms = hostUniform(parts, namesOf(urns).length);
  const face = namesOf(urns).reduce<Partial<Face>>(
    (some, name, i) => ({ ...some, [name]: urns[name][Math.floor(uniforms[i]! * urns[name].length)] }),
    {},
  ) as Face; // with a value for each part
  return isHeldOut(face) === heldOut ? face : drawFace(next, heldOut);
};

/**
 * The attributes of a face that has what is asked for. What the request leaves open is drawn as for the training: without a pair of
 * values that is held out, unless the request has one.
 */
export const faceFor = (key: RandomKey, request: Partial<Attributes>): Attributes => {
  const { face, next } = fork(key, 'face', 'next');
  const { gaze: _, ...attributesOfFace } = { ...drawFace(face, false), ...request };
  return heldOutPairsOf(attributesOfFace).length === heldOutPairsOf(request).length
    ? attributesOfFace
    : faceFor(next, request);
};

/**
 * Makes `size` faces. Each depends on the key and on its position only. Faces for training have no pair of values that is held
 * out; with `heldOut`, each has one. There are 1,458,000 faces, all different, 1,122,561 of them for training: of 10,000 faces,
 * about 80 equal an earlier one.
 */
export const facesOf = (key: RandomKey, size: number, heldOut = false): TE.TaskEither<NoisefoldError, Faces> =>
  F.pipe(
    facePainter,
    TE.map((paint) => {
      const faces = Array.from({ length: size }, (_, i) => drawFace(foldIn(key, i), heldOut));
      const pixels = new Uint8Array(size * FACE);
      faces.forEach((face, i) => pixels.set(paint(face), i * FACE));
      const numbers = (name: Attribute) => Int32Array.from(faces, (face) => values[name].indexOf(face[name]));
      const labels = Object.fromEntries(namesOf(attributes).map((name) => [name, numbers(name)]));
      return { pixels, labels: labels as Faces['labels'] }; // of each attribute
    }),
  );

/** The faces of two data sets. */
export const joined = (one: Faces, other: Faces): Faces => ({
  pixels: Buffer.concat([one.pixels, other.pixels]),
  labels: record.mapWithIndex((name: Attribute, numbers: Int32Array) =>
    Int32Array.from([...numbers, ...other.labels[name]]),
  )(one.labels),
});
