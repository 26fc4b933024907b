/** Compiled programs that requests share. The cache keeps the programs of the last used forms. */
import type { NoisefoldError } from '../../dsl/index.js';
import { E, type either, type io } from '../../internal/fp.js';
import { type Block, type Fallible, hold, take } from '../../internal/gen.js';

interface Programs {
  readonly release: io.IO<void>;
}

/** The programs of a form. Its members change. */
interface Entry<A> {
  /** The number of blocks that use the programs or wait for them. */
  users: number;
  opening?: Promise<either.Either<NoisefoldError, A>>;
  /** The programs, once they are compiled. */
  programs?: A;
}

interface ProgramCache<A> {
  /** The programs of a form; compiles them by `open` if the cache lacks them. The calling block uses them until it ends. */
  readonly use: (form: string, open: Fallible<A>) => Block<A>;
  /** Frees all programs that no block uses. */
  readonly clear: io.IO<void>;
}

/** An empty cache. It keeps the programs of at most `most` forms, and all programs in use. */
export const programCache = <A extends Programs>(most: number): ProgramCache<A> => {
  const entries = new Map<string, Entry<A>>(); // mutable; the last used form is the last

  /** Frees programs that no block uses, the least recently used ones first, until the forms are at most `limit`. */
  const shrink = (limit: number): void => {
    for (const [form, { users, programs }] of entries) {
      if (entries.size <= limit) return;
      if (users > 0) continue;
      entries.delete(form);
      programs?.release();
    }
  };

  function* use(form: string, open: Fallible<A>): Block<A> {
    const entry = entries.get(form) ?? { users: 0 };
    entries.delete(form);
    entries.set(form, entry);
    entry.users++;
    yield* hold(E.right(entry), () => {
      entry.users--;
      if (entry.users === 0 && entry.programs === undefined) entries.delete(form); // the next request tries again
      shrink(most);
    });
    shrink(most); // before the new programs need memory
    entry.opening ??= open();
    return (entry.programs = yield* take(() => entry.opening!));
  }
  return { use, clear: () => shrink(0) };
};
