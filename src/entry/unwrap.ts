import { type NoisefoldError, orRaise, raise } from '../internal/errors.js';
import { show } from '../internal/decode.js';
import { isEither } from '../internal/either.js';
import type { NoPromise, NoWork } from '../internal/itself.js';
import type { Either } from './either.js';

/** An `Either`, and no work or promise in its place. */
type EitherItself<A> = NoWork & NoPromise & Either<NoisefoldError, A>;

/**
 * Returns the value of a result. Throws a {@link ThrownError} that carries its error if it is a `Left`.
 * @example
 * const noising = unwrap(ddpm(cosine(1000)))
 * noising.timesteps.length // → 1000
 * const refuse = async () => unwrap(ddpm(cosine(0)))
 * await refuse().catch((thrown) => errorIn(thrown)?._tag) // → 'ConfigError'
 */
export const unwrap = <A>(result: EitherItself<A>): A =>
  isEither(result)
    ? orRaise(result)
    : raise('ConfigError', {
        where: 'unwrap',
        expected: 'a Left or a Right, such as ddpm(cosine(1000)) gives',
        actual: show(result),
        hint: 'run effects by nf.run(effect), which needs no unwrap, and await promises first',
      });
