/** Optional peers: packages of Node alone, which may be absent. */
import { type Explanation, failure, type NoisefoldError } from '../../dsl/errors.js';

/** By a name that bundlers do not follow. */
export const importPeer = (name: string): Promise<unknown> =>
  import(/* @vite-ignore */ /* webpackIgnore: true */ name);

/** The first line of what was thrown, without the files that a loader names. */
export const reasonOf = (thrown: unknown): string =>
  (thrown instanceof Error ? thrown.message : String(thrown))
    .split('\n')[0]!
    .replace(/ imported (from|by) .*/, '')
    .trim();

/** Whether it is the package itself that was not found, and not a part of it or what it needs. */
export const isAbsent = (name: string, thrown: unknown): boolean =>
  /(?:cannot find (?:package|module)|failed to load url|could not resolve) ['"]?([^'" ]+)/i.exec(
    reasonOf(thrown),
  )?.[1] === name;

/** What is said of a package that is not there: the same of all. */
export const absent = (name: string, { where, hint }: Pick<Explanation, 'where' | 'hint'>): NoisefoldError =>
  failure('BackendUnavailable', {
    where,
    expected: `the optional peer dependency ${name}`,
    actual: 'none: it is not installed',
    hint,
  });
