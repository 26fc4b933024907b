import type { KeyWords } from '../../dsl/plan/backend.js';
import type { KeyExpression } from '../../dsl/plan/plan.js';
import { deriveWords, randomInto } from '../../internal/numerics/threefry.js';
import { elementsOf, type Frame, type Rule } from './kernel.js';

/** Computes the words of a derived key. */
export const evaluateKey = ({ input, words }: KeyExpression, keys: Frame['keys']): KeyWords =>
  words.reduce<KeyWords>(deriveWords, keys[input]!);

/** Generates random numbers on the host, directly in the backend's memory. */
export const randomRule: Rule = (call) =>
  call.kind === 'random'
    ? {
        name: `random ${call.distribution}`,
        run: (frame) =>
          randomInto(call.distribution, evaluateKey(call.key, frame.keys), elementsOf(frame, call.output)),
      }
    : null;
