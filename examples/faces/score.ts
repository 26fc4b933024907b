/** The score of drawn faces. */
import { type Noisefold, unwrap } from 'noisefold';
import { extractFeatures, type Features, frechetDistance, momentsOf } from 'noisefold/evaluation';
import type { Images, StopSignal } from 'noisefold/training';
import { type Attributes, attributes, IMAGE, namesOf } from './attributes.js';
import { FACE, type Faces } from './dataset.js';
import { type Face, facePainter } from './drawing.js';
import { gazes } from './drawings.js';
import { judge, type Labels, seenIn } from './judge.js';

/** Images of faces, and the attributes that they have, or that were asked for. */
export interface LabelledImages {
  readonly images: Images;
  readonly labels: Labels;
}

/** Real faces as images in [-1, 1]. */
export const imagesOf = ({ pixels, labels }: Faces): LabelledImages => ({
  images: { data: Float32Array.from(pixels, (byte) => byte / 127.5 - 1), shape: [labels.hair.length, ...IMAGE] },
  labels,
});

/** The share of the attributes of all faces that are as asked. */
export const shareAsAsked = (seen: Labels, asked: Labels): number => {
  const names = namesOf(attributes);
  const hits = names.map((name) => Array.from(asked[name]).filter((value, i) => value === seen[name][i]).length);
  return hits.reduce((a, b) => a + b) / (names.length * asked.hair.length);
};

/** The bytes of each of some faces. */
const rowsOf = ({ pixels }: Pick<Faces, 'pixels'>): readonly Uint8Array[] =>
  Array.from({ length: pixels.length / FACE }, (_, i) => pixels.subarray(i * FACE, (i + 1) * FACE));

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

const squaredDistance = (one: Uint8Array, other: Uint8Array): number =>
  one.reduce((sum, byte, i) => sum + (byte - other[i]!) ** 2, 0);

/**
 * The share of faces that copy a face of the training. A drawn face is compared as the real face that is like it: the one with the
 * attributes that the judge sees, and with the nearest of the three gazes.
 */
export const shareOfCopies = (
  paint: (face: Face) => Uint8Array,
  { data }: Images,
  seen: Labels,
  train: Pick<Faces, 'pixels'>,
): number => {
  const known = new Set(rowsOf(train).map(textOf));
  const faces = rowsOf({ pixels: Uint8Array.from(Uint8ClampedArray.from(data, (x) => (x + 1) * 127.5)) });
  const copies = faces.filter((face, i) => {
    const values = Object.fromEntries(namesOf(attributes).map((name) => [name, attributes[name][seen[name][i]!]]));
    const shown = namesOf(gazes).map((gaze) => paint({ ...(values as unknown as Attributes), gaze })); // a value of each
    const distances = shown.map((real) => squaredDistance(face, real));
    return known.has(textOf(shown[distances.indexOf(Math.min(...distances))]!)); // there are three gazes
  });
  return copies.length / faces.length;
};

const fid = (real: Features, other: Features): number =>
  unwrap(frechetDistance(unwrap(momentsOf(real)), unwrap(momentsOf(other))));

/** The faces to compare. All of them have the same number. */
export interface Scoring {
  /** Real faces that are not in the training, with combinations that it shows; and as many others. */
  readonly real: LabelledImages;
  readonly others: LabelledImages;
  /** Real faces with combinations that training never shows. */
  readonly heldOut: LabelledImages;
  /** Drawn faces, asked to have the attributes of `others` and `heldOut`. */
  readonly drawn: LabelledImages;
  readonly drawnHeldOut: LabelledImages;
  /** The faces of the training. */
  readonly train: Faces;
  readonly signal: StopSignal;
}

/** Numbers in [0, 1], and Fréchet distances. */
export interface Score {
  /** The share of attributes that the judge sees as they are in real faces, or as they were asked for. */
  readonly asAsked: Readonly<Record<'real' | 'realHeldOut' | 'drawn' | 'drawnHeldOut', number>>;
  /** The FID of faces against real ones: drawn ones, and other real ones. */
  readonly fid: Readonly<Record<'real' | 'drawn', number>>;
  /** The share of faces that show a face of the training. */
  readonly copies: Readonly<Record<'real' | 'drawn', number>>;
}

/** Scores drawn faces beside real ones. */
export const scoreOf = async (nf: Noisefold, scoring: Scoring): Promise<Score> => {
  const { real, others, heldOut, drawn, drawnHeldOut, train, signal } = scoring;
  const network = await nf.run(judge);
  const paint = await nf.run(() => facePainter);
  const featuresOf = async ({ images }: LabelledImages): Promise<Features> =>
    (await nf.run(extractFeatures(network, images, { signal }))).features;
  const seen = async (faces: LabelledImages) => {
    const features = await featuresOf(faces);
    const labels = seenIn(features);
    return { features, labels, share: shareAsAsked(labels, faces.labels) };
  };
  const [ofReal, ofOthers, ofHeldOut] = [await seen(real), await seen(others), await seen(heldOut)];
  const [ofDrawn, ofDrawnHeldOut] = [await seen(drawn), await seen(drawnHeldOut)];
  return {
    asAsked: {
      real: (ofReal.share + ofOthers.share) / 2,
      realHeldOut: ofHeldOut.share,
      drawn: ofDrawn.share,
      drawnHeldOut: ofDrawnHeldOut.share,
    },
    fid: { real: fid(ofReal.features, ofOthers.features), drawn: fid(ofReal.features, ofDrawn.features) },
    copies: {
      real: shareOfCopies(paint, others.images, ofOthers.labels, train),
      drawn: shareOfCopies(paint, drawn.images, ofDrawn.labels, train),
    },
  };
};

const percent = (share: number): string => (100 * share).toFixed(1);

/** A score in words. */
export const linesOf = ({ asAsked, fid: { real, drawn }, copies }: Score): readonly string[] => [
  `attributes as asked, in percent: ${percent(asAsked.drawn)} (real faces: ${percent(asAsked.real)})`,
  `  in combinations that training never showed: ${percent(asAsked.drawnHeldOut)} (real faces: ${percent(asAsked.realHeldOut)})`,
  `FID against real faces: ${drawn.toFixed(2)} (other real faces: ${real.toFixed(2)})`,
  `faces that the training had, in percent: ${percent(copies.drawn)} (other real faces: ${percent(copies.real)})`,
];
