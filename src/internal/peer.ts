/** Optional peer dependencies: packages for Node that may not be installed. */
import { type Explanation, failure, messageOf, type NoisefoldError } from './errors.js';

/** Imports a package by a name that bundlers do not resolve. */
export const importPeer = (name: string): Promise<unknown> => import(/* @vite-ignore */ /* webpackIgnore: true */ name);

/** Returns the first line of an error message, without the file names that a loader adds. */
export const reasonOf = (thrown: unknown): string =>
  messageOf(thrown)
    .split('\n')[0]!
    .replace(/ imported (from|by) .*/, '')
    .trim();

/** True if the package itself was not found, rather than one of its files or dependencies. */
export const isAbsent = (name: string, thrown: unknown): boolean =>
  /(?:cannot find (?:package|module)|failed to load url|could not resolve) ['"]?([^'" ]+)/i.exec(
    reasonOf(thrown),
  )?.[1] === name;

/** The error for a missing package. */
export const absent = (name: string, { where, hint }: Pick<Explanation, 'where' | 'hint'>): NoisefoldError =>
  failure('BackendUnavailable', {
    where,
    expected: `the optional peer dependency ${name}`,
    actual: 'none: it is not installed',
    hint,
  });
