/** Easy consistency tuning (ECT, Geng et al. 2024) of the network of the demo. */
import { join } from 'node:path';
import { type Noisefold, unwrap } from 'noisefold';
import { atTimes, cfg, consistency, consistencyLosses, ddim, ectPairs, logNormalTimes } from 'noisefold/diffusion';
import { fork, key, pipe } from 'noisefold/dsl';
import { accuracyOf, digitClassifier, extractFeatures, frechetDistance, momentsOf } from 'noisefold/evaluation';
import { adam, chain, clipByGlobalNorm, cosineDecay, warmup } from 'noisefold/nn';
import {
  fit,
  type Images,
  loadTrained,
  sample,
  type Sampling,
  type StopSignal,
  type TrainEvent,
  writeAtomically,
} from 'noisefold/training';
import type { Digits } from '../mnist/digits.js';
import type { RunToEvaluate } from '../mnist/evaluation/runToEvaluate.js';
import { sheetPng } from '../pictures/sheet.js';
import type { Options } from './options.js';

export interface World extends Omit<Options, 'run' | 'methods' | 'help'> {
  readonly nf: Noisefold;
  readonly run: RunToEvaluate;
  readonly data: Digits;
  readonly signal: StopSignal;
  readonly say: (line: string) => void;
  readonly progress: (event: TrainEvent) => void;
}

/**
 * Tunes the parameters of a run. The times have more noise than those of the paper, as in the demo: the class of a digit is decided
 * at σ of 1 to 3.
 */
const tuned = async ({ nf, run, data, steps, minutes, signal, say, progress }: World) => {
  const { model, noising } = run.parts;
  const initial = await nf.run(loadTrained(run.checkpoint, { model, noising }));
  const learningRate = pipe(2e-4, warmup(20), cosineDecay({ steps, floor: 0.05 }));
  const began = performance.now();
  const minutesSince = (): number => (performance.now() - began) / 60_000;
  const trained = await nf.run(
    fit({
      ...{ model, noising, initial, steps, signal },
      loss: consistencyLosses({ pairs: ectPairs({ steps, stages: 6, b: 1 / 2 }) }),
      times: logNormalTimes({ mean: 0.4, deviation: 1.6 }),
      optimizer: chain(clipByGlobalNorm(1), adam({ learningRate })),
      averageDecay: 0.99,
      conditionDropout: 0.1,
      data: data.train,
      batch: 16,
      key: fork(key(run.config.seed), 'tune').tune,
      onEvent: (event) => {
        progress(event);
        return minutesSince() < minutes ? undefined : 'stop';
      },
    }),
  );
  say(`tuned in ${minutesSince().toFixed(1)} min`);
  return { initial, trained };
};

/** The rows of the picture: samples of the first network, and of the tuned one in falling noise levels. */
const ROWS = [
  { title: '25 steps before', isTuned: false, how: { solver: ddim(), grid: 25, guidance: cfg(2.5) } },
  ...[[80], [80, 1.5], [80, 5, 1.5, 0.5]].map((levels) => ({
    title: `${levels.length} step${levels.length === 1 ? '' : 's'} after`,
    isTuned: true,
    how: { solver: consistency(), grid: atTimes(levels), guidance: cfg(2) },
  })),
] satisfies readonly { readonly title: string; readonly isTuned: boolean; readonly how: Partial<Sampling> }[];

/** The digits of a row: two of each class. */
const COLUMNS = 20;

/** The first digits of each row, in one batch. */
const firstOf = (rows: readonly Images[]): Images => {
  const [, ...image] = rows[0]!.shape; // there are four rows
  const columns = Math.min(COLUMNS, rows[0]!.shape[0]);
  const length = columns * image.reduce((a, b) => a * b);
  const data = Float32Array.from(rows.flatMap((row) => Array.from(row.data.subarray(0, length))));
  return { data, shape: [rows.length * columns, ...image] };
};

/** Tunes the network, draws digits by both, scores them, and writes few-steps.png. Returns how many are recognized. */
export const fewSteps = async (world: World): Promise<readonly number[]> => {
  const { nf, run, data, digits: count, out, signal, say } = world;
  const { initial, trained } = await tuned(world);
  const labels = Array.from({ length: count }, (_, i) => i % 10);
  const network = await nf.run(digitClassifier());
  const real = await nf.run(extractFeatures(network, data.test, { signal }));
  const moments = unwrap(momentsOf(real.features));
  const rows: Images[] = [];
  const recognized: number[] = [];
  for (const { title, isTuned, how } of ROWS) {
    const about = { labels, batch: Math.min(50, count), key: fork(key(run.config.seed), 'sample').sample, signal };
    const images = await nf.run(sample(isTuned ? trained : initial, { ...how, ...about }));
    const { features, probabilities } = await nf.run(extractFeatures(network, images, { signal }));
    const right = Math.round(unwrap(accuracyOf(probabilities!, labels)) * count); // the network is a classifier
    const fid = unwrap(frechetDistance(moments, unwrap(momentsOf(features))));
    say(`${title}: ${right} of ${count} digits recognized, FID ${fid.toFixed(2)}`);
    rows.push(images);
    recognized.push(right);
  }
  const batch = firstOf(rows);
  const file = join(out, 'few-steps.png');
  const columns = labels.slice(0, batch.shape[0] / rows.length).map(String);
  const png = await nf.run(sheetPng({ images: batch, rows: ROWS.map(({ title }) => title), columns, scale: 2 }));
  await nf.run(writeAtomically(file, png));
  say(file);
  return recognized;
};
