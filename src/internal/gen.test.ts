import { describe, expect, test } from 'vitest';
import { failure } from './errors.js';
import { E } from './fp.js';
import { gen, hold, keep, take } from './gen.js';

const error = (where: string) => failure('ConfigError', { where, expected: '', actual: '', hint: '' });

/** A log, and resources that write to it. */
const logged = () => {
  const log: string[] = [];
  const open = (name: string) => async () => {
    log.push(`open ${name}`);
    return E.right(name);
  };
  const close = (name: string) => async () => {
    log.push(`close ${name}`);
    return E.right(undefined);
  };
  return { log, open, close };
};

describe('a block', () => {
  test('takes the results of tasks and of values, and returns its own', async () => {
    const sum = gen(function* () {
      const a = yield* take(E.right(1));
      const b = yield* take(async () => E.right(2));
      return a + b;
    });
    expect(await sum()).toEqual(E.right(3));
    expect(await sum()).toEqual(E.right(3)); // again, from the beginning
  });

  test('ends at the first error, with its `finally` clauses', async () => {
    const log: string[] = [];
    const failing = gen(function* () {
      try {
        yield* take(E.left(error('first')));
        log.push('not reached');
      } finally {
        log.push('finally');
      }
    });
    expect(await failing()).toEqual(E.left(error('first')));
    expect(log).toEqual(['finally']);
  });

  const cases = [
    ['succeeds', () => E.right('done'), ['open a', 'open b', 'close b'], E.right('done')],
    ['fails', () => E.left(error('work')), ['open a', 'open b', 'close b', 'close a'], E.left(error('work'))],
  ] as const;
  test.each(cases)(
    'that %s releases what it holds, in reverse order, and keeps results',
    async (_, work, order, result) => {
      const { log, open, close } = logged();
      const block = gen(function* () {
        yield* keep(open('a'), close);
        yield* hold(open('b'), close);
        return yield* take<string>(work());
      });
      expect(await block()).toEqual(result);
      expect(log).toEqual(order);
    },
  );

  test('that throws releases everything, and rethrows', async () => {
    const { log, open, close } = logged();
    const block = gen(function* () {
      yield* keep(open('a'), close);
      yield* hold(open('b'), close);
      throw new Error('thrown');
    });
    await expect(block()).rejects.toThrow('thrown');
    expect(log).toEqual(['open a', 'open b', 'close b', 'close a']);
  });

  test('whose release fails has that error, and releases everything else', async () => {
    const { log, open, close } = logged();
    const block = gen(function* () {
      yield* keep(open('a'), close);
      yield* hold(open('b'), close);
      yield* hold(open('c'), () => E.left(error('c')));
      return 'done';
    });
    expect(await block()).toEqual(E.left(error('c')));
    expect(log.slice(3)).toEqual(['close b', 'close a']);
  });

  test('holds nothing for failed work', async () => {
    const { log, close } = logged();
    const block = gen(function* () {
      return yield* hold<string>(E.left(error('open')), close);
    });
    expect(await block()).toEqual(E.left(error('open')));
    expect(log).toEqual([]);
  });

  test('runs inner blocks in its own scope, and work made of blocks in theirs', async () => {
    const { log, open, close } = logged();
    function* inner(name: string) {
      return yield* hold(open(name), close);
    }
    const outer = gen(function* () {
      yield* inner('a');
      yield* take(gen(() => inner('b')));
      log.push('end');
    });
    expect(await outer()).toEqual(E.right(undefined));
    expect(log).toEqual(['open a', 'open b', 'close b', 'end', 'close a']);
  });
});
