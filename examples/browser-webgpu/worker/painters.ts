/** A cache of the most recently used painters. */
import type { Backend, NoisefoldError } from 'noisefold/dsl';
import { taskEither as TE } from 'fp-ts';
import type { Paint } from '../shared/messages.js';
import { kindOf, type Network, type Painter, painter } from './painter.js';

export interface Painters {
  readonly of: (asked: Paint) => TE.TaskEither<NoisefoldError, Painter>;
  /** Borrows the parameters, and gives them back: fails as a request would. */
  readonly check: TE.TaskEither<NoisefoldError, void>;
  readonly release: TE.TaskEither<NoisefoldError, void>;
}

/** The size of the cache: each painter holds the memory of its plan. */
const MOST = 4;

export const painters =
  (network: Network) =>
  (backend: Backend): Painters => {
    const cache = new Map<string, Painter>(); // least recently used first
    const use = (name: string, entry: Painter): Painter => {
      cache.delete(name);
      cache.set(name, entry);
      for (const [oldest, { release }] of [...cache].slice(0, -MOST)) {
        cache.delete(oldest);
        release();
      }
      return entry;
    };
    return {
      of: (asked) => {
        const kind = kindOf(asked);
        const name = JSON.stringify(kind);
        const entry = cache.get(name);
        return TE.map((ready: Painter) => use(name, ready))(
          entry === undefined ? painter(network, kind)(backend) : TE.right(entry),
        );
      },
      check: TE.flatMap(network.giveBack)(network.borrow),
      release: TE.fromIO(() => {
        for (const { release } of cache.values()) release();
        cache.clear();
      }),
    };
  };
