/** The run: trains two networks, draws digits at each scale of guidance, scores and shows them. */
import { join } from 'node:path';
import { unwrap } from 'noisefold';
import { fork, key } from 'noisefold/dsl';
import { type Images, writeAtomically } from 'noisefold/training';
import { sheetPng } from '../pictures/sheet.js';
import { figure } from './figure.js';
import { networksOf } from './recipe.js';
import { draw, type Row } from './sampling.js';
import { scored, type Scores } from './scores.js';
import { tableOf } from './table.js';
import { trainClassifier, trainDenoiser } from './training.js';
import { clockOf, type World } from './world.js';

/** The digits of a row of the picture. */
const COLUMNS = 20;

/** The first digits of each scale, one row per scale. All digits of a column start from the same noise. */
const rowsOf = (all: readonly Row[]): Images => {
  const [{ images: first }] = all as readonly [Row]; // a recipe has at least one scale
  const [count, ...image] = first.shape;
  const columns = Math.min(COLUMNS, count);
  const length = columns * image.reduce((a, b) => a * b);
  const rows = all.flatMap(({ images }) => Array.from(images.data.subarray(0, length)));
  return { data: Float32Array.from(rows), shape: [all.length * columns, ...image] };
};

/** The files of a run in its folder. */
export const filesOf = (out: string) => ({ chart: join(out, 'guidance.svg'), digits: join(out, 'guidance.png') });

/** Runs the example and returns the scores of each scale. */
export const adm = async (world: World): Promise<readonly Scores[]> => {
  const { nf, recipe, out, seed, say } = world;
  const clock = clockOf(world);
  const after = (what: string) => say(`${what}, after ${clock.minutes().toFixed(1)} min`);
  const keys = fork(key(seed), 'denoiser', 'classifier', 'sample');
  const networks = unwrap(networksOf(recipe));

  const denoiser = await trainDenoiser(world, networks, keys.denoiser, clock);
  after('trained the denoiser');
  const judge = await trainClassifier(world, networks, keys.classifier, clock);
  after('trained the classifier');
  const digits = await draw(world, denoiser, judge, keys.sample, clock);
  after(`drew ${digits[0]!.labels.length} digits at each of ${digits.length} scales`);
  const scores = await scored(world, digits);

  const { chart, digits: picture } = filesOf(out);
  const rows = rowsOf(digits);
  await nf.run(writeAtomically(chart, figure(scores)));
  const names = digits.map(({ scale }) => `scale ${scale}`);
  const classes = digits[0]!.labels.slice(0, rows.shape[0] / digits.length).map(String);
  const png = await nf.run(sheetPng({ images: rows, rows: names, columns: classes, corner: 'class', scale: 2 }));
  await nf.run(writeAtomically(picture, png));
  after(`wrote ${chart} and ${picture}`);
  say(tableOf(scores));
  return scores;
};
