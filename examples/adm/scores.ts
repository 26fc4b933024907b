/** Scores drawn digits by the features of the digit classifier of `noisefold/evaluation`. */
import { unwrap } from 'noisefold';
import {
  accuracyOf,
  digitClassifier,
  extractFeatures,
  frechetDistance,
  momentsOf,
  precisionRecall,
} from 'noisefold/evaluation';
import type { Row } from './sampling.js';
import type { World } from './world.js';

/** The scores of the digits of one scale. */
export interface Scores {
  readonly scale: number;
  /** The Fréchet distance to test digits; less is better. */
  readonly fid: number;
  /** The share of digits that the network recognizes as their class. */
  readonly accuracy: number;
  /**
   * Precision, the share of drawn digits that look real, and recall, the share of real digits that look like a drawn
   * one.
   */
  readonly precision: number;
  readonly recall: number;
}

/** Compares the digits of each scale with test digits. */
export const scored = async (
  { nf, recipe: { real }, digits, signal }: World,
  all: readonly Row[],
): Promise<readonly Scores[]> => {
  const network = await nf.run(digitClassifier());
  const { features } = await nf.run(extractFeatures(network, digits.test, { images: real, signal }));
  const moments = unwrap(momentsOf(features));
  const scores: Scores[] = [];
  for (const { scale, images, labels } of all) {
    const seen = await nf.run(extractFeatures(network, images, { signal }));
    const { precision, recall } = unwrap(precisionRecall(features, seen.features));
    scores.push({
      scale,
      fid: unwrap(frechetDistance(moments, unwrap(momentsOf(seen.features)))),
      accuracy: unwrap(accuracyOf(seen.probabilities!, labels)), // the network is a classifier
      precision,
      recall,
    });
  }
  return scores;
};
