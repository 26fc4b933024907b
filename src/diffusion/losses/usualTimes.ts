import { perSample } from '../levels/batch.js';
import { isDiscrete } from '../levels/noising.js';
import { type TimeDraw, uniformTimes } from './timeDraw.js';

/**
 * The usual draw of times: uniform, and on the path of `edm()` log-normal (Karras et al. 2022).
 * @example
 * const draw = program({ k: 'key' }, ({ k }) => usualTimes(edm())(zeros(2))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [1.488, 0.641]
 */
export const usualTimes: TimeDraw = (noising) => (batch) =>
  isDiscrete(noising) ? uniformTimes(noising)(batch) : noising.usual.times(perSample(batch));
