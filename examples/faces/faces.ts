/** The demo of the faces: trains, draws what is asked for, and scores drawn faces beside real ones. */
import { join } from 'node:path';
import { type Noisefold, unwrap } from 'noisefold';
import { cfg, ddim, stratifiedTimes } from 'noisefold/diffusion';
import { type Dim, foldIn, fork, key, type RandomKey } from 'noisefold/dsl';
import type { UNetParams } from 'noisefold/nn';
import type { Progress } from 'noisefold/terminal';
import {
  datasetOf,
  fitInFolder,
  type Images,
  sample,
  saveTrained,
  type StopSignal,
  type Trained,
  type TrainEvent,
  writeAtomically,
} from 'noisefold/training';
import { optimizerOf } from '../mnist/optimizer.js';
import { drawnIn, reel } from '../pictures/film.js';
import { filmWebp, sheetPng } from '../pictures/sheet.js';
import { attributes, IMAGE, isHeldOut, namesOf } from './attributes.js';
import { faceFor, type Faces, facesOf } from './dataset.js';
import type { Labels } from './judge.js';
import type { Options } from './options.js';
import { architectureOf, type Recipe } from './recipe.js';
import { conditionsOf, type Request, textOf } from './requests.js';
import { imagesOf, type LabelledImages, linesOf, type Score, scoreOf } from './score.js';

export interface World extends Omit<Options, 'help'> {
  readonly nf: Noisefold;
  readonly recipe: Recipe;
  readonly signal: StopSignal;
  /** Prints a line. */
  readonly say: (line: string) => void;
  /** Shows the progress of a part. */
  readonly progress: (name: string) => Progress;
}

type TrainedFaces = Trained<UNetParams, [Dim, Dim, Dim], typeof attributes>;

const dataOf = ({ pixels, labels }: Faces) =>
  unwrap(datasetOf({ pixels, image: IMAGE, conditions: labels, names: attributes }));

/** Trains the network in its folder. */
const train = (world: World, faces: Faces, heldOut: Faces, from: RandomKey): Promise<TrainedFaces> => {
  const { nf, recipe, steps, minutes, out, resume, signal, progress } = world;
  const { batch, averageDecay, conditionDropout } = recipe;
  const show = progress('training');
  const began = performance.now();
  return nf.run(
    fitInFolder(
      join(out, 'network'),
      {
        ...unwrap(architectureOf(recipe)),
        ...{ batch, steps, averageDecay, conditionDropout, signal },
        data: dataOf(faces),
        heldOut: { data: dataOf(heldOut), every: 200, images: 64 },
        times: stratifiedTimes,
        optimizer: optimizerOf({ ...recipe, decaySteps: Math.max(steps, recipe.warmupSteps + 1) }),
        key: from,
        onEvent: (event: TrainEvent) => {
          show(event);
          return performance.now() - began < minutes * 60_000 ? undefined : 'stop';
        },
      },
      { every: 200, keep: 1, resume: resume ? 'auto' : false },
    ),
  );
};

/** The number of faces of each request in the picture, and the number of faces of the film. */
const COLUMNS = 10;

/** Rounds a number in [-1, 1] to one of 32, which take little room in a file. */
const rounded = ({ data, shape }: Images): Images => ({
  data: data.map((x) => Math.round(15.5 * (x + 1)) / 15.5 - 1),
  shape,
});

/** Marks a request whose values training never shows together. */
const labelOf = (request: Request): string => `${isHeldOut(request) ? '* ' : ''}${textOf(request)}`;

/** The characters of a line of a label. */
const WIDEST = 26;

/** Breaks a label into lines after its commas. */
const inLines = (label: string): string =>
  label
    .split(/(?<=,) /)
    .reduce((lines, part) =>
      lines.length - lines.lastIndexOf('\n') + part.length > WIDEST ? `${lines}\n${part}` : `${lines} ${part}`,
    );

/** The request for each of `each` faces. What it leaves open is drawn at random, but a request for anything stays open. */
const completed = (requests: readonly Request[], each: number, from: RandomKey): readonly Request[] =>
  requests.flatMap((request, row) =>
    Array.from({ length: each }, (_, i) =>
      namesOf(request).length === 0 ? request : faceFor(foldIn(from, row * each + i), request),
    ),
  );

/** Draws faces. */
const drawer =
  ({ nf, recipe: { grid, guidance }, signal, progress }: World, trained: TrainedFaces) =>
  (name: string, conditions: ReturnType<typeof conditionsOf> | Labels, from: RandomKey): Promise<Images> => {
    const drawing = { conditions, solver: ddim({ eta: 1 }), grid, guidance: cfg(guidance), key: from, signal };
    return nf.run(sample(trained, { ...drawing, batch: 100, onStep: progress(name) }));
  };

/** Writes a row of faces for each request. */
const drawRequests = async (world: World, draw: ReturnType<typeof drawer>, from: RandomKey): Promise<string> => {
  const { nf, requests, out } = world;
  const keys = fork(from, 'open', 'draw');
  const asked = completed(requests, COLUMNS, keys.open);
  const images = await draw('drawing what is asked for', conditionsOf(asked), keys.draw);
  const rows = requests.map((request) => inLines(labelOf(request)));
  const png = await nf.run(sheetPng({ images: rounded(images), rows, columns: [], scale: 4 }));
  const path = join(out, 'faces.png');
  await nf.run(writeAtomically(path, png));
  return path;
};

/** Writes a film in which noise becomes a face for each of the first requests. */
const drawFilm = async (world: World, trained: TrainedFaces, from: RandomKey): Promise<string> => {
  const { nf, recipe, requests, out } = world;
  const { open, draw } = fork(from, 'open', 'draw');
  const shown = Array.from({ length: COLUMNS }, (_, i) => requests[i % requests.length]!); // there is a request
  const asked = completed(shown, 1, open);
  const numbers = namesOf(attributes).map((name) => {
    const known: readonly string[] = attributes[name];
    const values = asked.map(({ [name]: value }) => (value === undefined ? known.length : known.indexOf(value)));
    return [name, Int32Array.from(values)] as const; // the number of all values means none
  });
  const moments = await drawnIn(nf, trained, { ...recipe, conditions: Object.fromEntries(numbers), key: draw });
  const { sheets, delays } = reel(moments, { image: IMAGE, labels: [], scale: 4 });
  const path = join(out, 'faces.webp');
  await nf.run(writeAtomically(path, await nf.run(filmWebp(sheets, delays))));
  return path;
};

/** Runs the demo, and returns the score. */
export const faces = async (world: World): Promise<Score> => {
  const { nf, recipe, seed, scored, requests, out, signal, say } = world;
  const keys = fork(key(seed), 'faces', 'real', 'others', 'held out', 'train', 'requests', 'film', 'seen', 'unseen');
  const began = performance.now();
  const after = (what: string): void => say(`${what}, after ${((performance.now() - began) / 60_000).toFixed(1)} min`);

  const made = await nf.run(() => facesOf(keys.faces, recipe.faces));
  const real = await nf.run(() => facesOf(keys.real, scored));
  const others = imagesOf(await nf.run(() => facesOf(keys.others, scored)));
  const heldOut = imagesOf(await nf.run(() => facesOf(keys['held out'], scored, true)));
  after(`made ${recipe.faces} faces`);
  const trained = await train(world, made, real, keys.train);
  const network = join(out, 'faces.safetensors');
  await nf.run(saveTrained(network, trained, { dtype: 'int8' }));
  after(`trained, and wrote ${network}`);

  const draw = drawer(world, trained);
  const picture = await drawRequests(world, draw, keys.requests);
  say(`${picture}, a row for each request; * marks values that training never shows together`);
  for (const request of requests) say(`  ${labelOf(request)}`);
  say(await drawFilm(world, trained, keys.film));

  const drawn = async (name: string, { labels }: LabelledImages, from: RandomKey): Promise<LabelledImages> => ({
    images: await draw(name, labels, from),
    labels,
  });
  const score = await scoreOf(nf, {
    ...{ real: imagesOf(real), others, heldOut, train: made, signal },
    drawn: await drawn('drawing faces', others, keys.seen),
    drawnHeldOut: await drawn('drawing combinations that training never shows', heldOut, keys.unseen),
  });
  after('scored');
  for (const line of linesOf(score)) say(line);
  return score;
};
