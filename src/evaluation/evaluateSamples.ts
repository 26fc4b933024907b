/** All metrics of generated images at once. */
import type { NoisefoldError, StopSignal } from '../dsl/index.js';
import type { Effect } from '../dsl/run/effect.js';
import type { Exact } from '../internal/exact.js';
import { positive } from '../internal/decode.js';
import { attempt, orRaise, raise } from '../internal/errors.js';
import type { either } from '../internal/fp.js';
import { take } from '../internal/gen.js';
import { argument, optional, schema } from '../internal/schema.js';
import { type ImageShape, labelList } from '../data/dataset.js';
import { genEffect } from '../dsl/run/genEffect.js';
import { accuracyOf } from './accuracy.js';
import { extracted, type Extracted, extraction, type ImageSource, networkPart, sourcePart } from './extractFeatures.js'; // oxfmt-ignore
import type { FeatureNetwork } from './featureNetwork.js';
import { frechetDistance } from './frechetDistance.js';
import { inceptionScore, type ScoreSplits, scoreSplits } from './inceptionScore.js';
import { kernelDistance, type KernelSubsets, kernelSubsets } from './kernelDistance.js';
import type { MeanAndDeviation } from './meanAndDeviation.js';
import { momentsOf } from './moments.js';
import { precisionRecall, type PrecisionRecall } from './precisionRecall.js';
import { partLike } from '../internal/parts.js';

/** Settings of the metrics; the defaults are those of the published implementations. */
export interface MetricOptions {
  /** The class that each generated image was drawn for, for the accuracy. */
  readonly labels?: ArrayLike<number>;
  /** The subsets of KID. */
  readonly kid?: KernelSubsets;
  /** The parts of the Inception Score. */
  readonly score?: ScoreSplits;
  /** The k of precision and recall; default 3. */
  readonly neighbours?: number;
}

const metrics = schema('compareFeatures', {
  labels: optional(labelList),
  kid: optional(kernelSubsets.type),
  score: optional(scoreSplits),
  neighbours: optional(positive, 3),
} satisfies Record<keyof MetricOptions, unknown>);

/** The metrics of generated images. */
export interface Evaluation extends PrecisionRecall {
  /** The numbers of images that were compared. */
  readonly images: { readonly real: number; readonly generated: number };
  readonly fid: number;
  readonly kid: MeanAndDeviation;
  /** Present if the network is a classifier. */
  readonly inceptionScore?: MeanAndDeviation;
  /** The share of images that the network recognizes as their label, if labels are given. */
  readonly accuracy?: number;
}

const extractedPart = partLike('features', '{ features: { data, shape } }, as extractFeatures returns', 'features');
const [ofReal, ofGenerated] = [
  argument('compareFeatures: real', extractedPart),
  argument('compareFeatures: generated', extractedPart),
];

/**
 * Computes all metrics of extracted features. Returns the errors of the metrics, and a `ConfigError` for labels without
 * probabilities.
 * @example
 * const of = (...data: number[]): Extracted => ({ features: { data: Float64Array.from(data), shape: [data.length, 1] } })
 * const result = unwrap(compareFeatures(of(0, 1, 2, 3), of(0, 1, 2, 3), { neighbours: 1 }))
 * result.fid // → 0
 * result.precision // → 1
 * result.recall // → 1
 */
export const compareFeatures = <G = unknown>(
  real: Extracted,
  generated: Extracted,
  options?: Exact<G, keyof MetricOptions> & MetricOptions,
): either.Either<NoisefoldError, Evaluation> =>
  attempt(() => {
    const { labels, kid, score, neighbours } = metrics.demand(options);
    ofReal.demand(real);
    ofGenerated.demand(generated);
    const { features, probabilities } = generated;
    if (labels !== undefined && probabilities === undefined)
      raise('ConfigError', {
        where: 'compareFeatures: labels',
        expected: 'a network that returns probabilities',
        actual: 'features alone',
        hint: 'leave labels out, or return probabilities beside the features',
      });
    return {
      images: { real: real.features.shape[0], generated: features.shape[0] },
      fid: orRaise(frechetDistance(orRaise(momentsOf(real.features)), orRaise(momentsOf(features)))),
      kid: orRaise(kernelDistance(real.features, features, kid)),
      ...orRaise(precisionRecall(real.features, features, { neighbours })),
      ...(probabilities && { inceptionScore: orRaise(inceptionScore(probabilities, score)) }),
      ...(probabilities && labels && { accuracy: orRaise(accuracyOf(probabilities, labels)) }),
    };
  });

/** The images to compare, the feature network, and options. */
export interface Evaluating<P, I extends ImageShape> extends MetricOptions {
  readonly network: FeatureNetwork<P, I>;
  readonly real: ImageSource;
  readonly generated: ImageSource;
  /** The number of images at a time; default 200. */
  readonly batch?: number;
  /** Ends the evaluation before its next batch, as `Cancelled`. */
  readonly signal?: StopSignal;
}

const where = 'evaluateSamples';
const { batch, signal } = extraction.fields;
const evaluation = schema(where, {
  ...{ network: networkPart, real: sourcePart, generated: sourcePart },
  ...metrics.fields,
  ...{ batch, signal },
} satisfies Record<keyof Evaluating<never, ImageShape>, unknown>);

/**
 * Compares generated images with real ones in the features of a network: FID, KID, precision and recall, for a
 * classifier also the Inception Score, and with labels the accuracy. See docs/evaluation.md for the definitions. Fails
 * with `ConfigError` for an invalid option, images of another size than the network takes or of bytes, or too few images, with
 * `NonFinite`, and with the errors of the data.
 * @example
 * const nf = await open(wasm())
 * const network = await nf.run(digitClassifier())
 * const waves = (n: number): Images => ({ data: new Float32Array(n * 784).map((_, i) => Math.sin(i * i)), shape: [n, 28, 28, 1] })
 * const labels = Array.from({ length: 10 }, (_, i) => i)
 * const result = await nf.run(evaluateSamples({ network, real: waves(20), generated: waves(10), labels }))
 * result.images // → { real: 20, generated: 10 }
 * result.precision // → 1
 * await nf.close()
 */
export const evaluateSamples = <P, I extends ImageShape, G = unknown>(
  evaluating: Exact<G, keyof Evaluating<never, ImageShape>> & Evaluating<P, I>,
): Effect<Evaluation> =>
  genEffect(where, function* (backend) {
    const options = yield* take(evaluation.decode<Evaluating<P, I>>(evaluating));
    const { network, real, generated, batch, signal, ...settings } = options;
    const extracting = { batch, ...(signal && { signal }) };
    const seen = yield* extracted(`${where}: real`, network, real, extracting, backend);
    const drawn = yield* extracted(`${where}: generated`, network, generated, extracting, backend);
    return yield* take(compareFeatures(seen, drawn, settings));
  });
